import { lfs } from '@antipode/contracts';
import { AntipodeError } from '@antipode/errors';
import { openTicketKey, writeTicket, type TicketAction } from '@antipode/lfs-wire';
import { answerStream, answerUnary } from '@antipode/rpc';

/** What is wanted of the lfs service at this door: which objects are here, and which the primary would offer. */
export class FakeLfs {
  readonly asked: lfs.BatchRequest[] = [];
  /** Oids that are here, for every repository. */
  readonly present = new Set<string>();
  /** Oids that the primary would offer. */
  readonly offered = new Set<string>();
  /** Fails on request: any call, or those that need the primary. */
  failing: { any?: AntipodeError; primary?: AntipodeError } = {};
  /** Links are made with it. */
  secretKey = '';
  publicUrl = '';

  service(): lfs.LfsServiceServer {
    const unused = answerUnary(() => Promise.reject(new AntipodeError('unsupported', 'not in this test')));
    return {
      batch: answerUnary((request: lfs.BatchRequest) => this.batch(request)),
      takePointers: unused,

      followFill: answerStream(async function* () {
        await Promise.reject(new AntipodeError('unsupported', 'not in this test'));
      }),
    };
  }

  link(object: lfs.LfsObject, repositoryId: string, action: TicketAction): string {
    const expiresAt = Math.floor(Date.now() / 1000) + 900;
    return `${this.publicUrl}${writeTicket({ ...object, action, repositoryId, expiresAt }, openTicketKey(this.secretKey))}`;
  }

  private batch(request: lfs.BatchRequest): Promise<lfs.BatchResponse> {
    this.asked.push(request);
    const { any, primary } = this.failing;
    if (any) return Promise.reject(any);
    if (request.primary && primary) return Promise.reject(primary);
    return Promise.resolve({ objects: request.objects.map((object) => this.answer(object, request)) });
  }

  private answer(object: lfs.LfsObject, request: lfs.BatchRequest): lfs.AnsweredObject {
    const { repositoryId, operation, primary } = request;
    const nothing = { object, undecided: false, actions: {}, error: undefined };
    const action = (name: TicketAction): lfs.Action => ({
      href: this.link(object, repositoryId, name),
      header: name === 'upload' ? { 'Antipode-Action': 'sealed' } : {},
      expiresInSeconds: 900,
    });
    if (operation === lfs.Operation.OPERATION_UPLOAD) {
      if (this.present.has(object.oid)) return nothing;
      return { ...nothing, actions: { upload: action('upload'), verify: action('verify') } };
    }
    if (this.present.has(object.oid) || (primary && this.offered.has(object.oid)))
      return { ...nothing, actions: { download: action('download') } };
    if (!primary) return { ...nothing, undecided: true };
    return { ...nothing, error: { code: 404, message: 'The object does not exist.' } };
  }
}
