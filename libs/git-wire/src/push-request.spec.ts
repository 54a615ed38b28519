import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { FLUSH, DELIM, writePacket } from './pkt-line.js';
import { PushRequestReader, type PushPhase } from './push-request.js';

const ZERO = '0'.repeat(40);
const A = 'a'.repeat(40);
const B = 'b'.repeat(40);
const LIMIT = 1024 * 1024;

const lines = (...texts: string[]): Buffer => Buffer.concat(texts.map((text) => writePacket(`${text}\n`)));
const first = (command: string, capabilities = 'report-status side-band-64k'): Buffer =>
  writePacket(`${command}\0 ${capabilities}`);

function read(
  bytes: Buffer,
  lengths: readonly number[] = [],
): { phase: PushPhase; taken: number; reader: PushRequestReader } {
  const reader = new PushRequestReader(LIMIT);
  let taken = 0;
  let at = 0;
  for (const length of [...lengths, bytes.length]) {
    taken += reader.take(bytes.subarray(at, at + length));
    at += length;
  }
  return { phase: reader.phase, taken, reader };
}

const oid = fc.constantFrom(A, B, ZERO);
const ref = fc.stringMatching(/^refs\/heads\/[a-z]{1,20}$/);
const command = fc.tuple(oid, oid, ref);

describe('what comes before the pack of a push', () => {
  it('is found to the byte, however the bytes are sliced, and so is what follows', () => {
    const pushes = fc.record({
      shallow: fc.array(fc.constant(`shallow ${B}`), { maxLength: 3 }),
      commands: fc.array(command, { minLength: 1, maxLength: 5 }),
      options: fc.option(fc.array(fc.string({ unit: 'grapheme-ascii', minLength: 1 }), { maxLength: 3 })),
      rest: fc.uint8Array({ maxLength: 50 }),
      lengths: fc.array(fc.nat(30), { maxLength: 40 }),
    });
    fc.assert(
      fc.property(pushes, ({ shallow, commands, options, rest, lengths }) => {
        const [one, ...others] = commands.map((parts) => parts.join(' '));
        const head = Buffer.concat([
          lines(...shallow),
          first(one ?? '', options ? 'report-status push-options' : 'report-status'),
          lines(...others),
          FLUSH,
          ...(options ? [lines(...options), FLUSH] : []),
        ]);
        const { phase, taken, reader } = read(Buffer.concat([head, rest]), lengths);
        expect(taken).toBe(head.length);
        expect(reader.commands).toBe(commands.length);
        expect(phase).toBe(commands.some(([, after]) => after !== ZERO) ? 'pack' : 'over');
      }),
    );
  });

  it('never throws anything but our own errors, whatever comes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        try {
          read(Buffer.from(bytes));
        } catch (error) {
          expect(error).toMatchObject({ name: 'AntipodeError' });
        }
      }),
    );
  });

  it('is a lone flush where nothing is pushed, also from a shallow clone', () => {
    expect(read(FLUSH)).toMatchObject({ phase: 'over', reader: { commands: 0 } });
    expect(read(Buffer.concat([lines(`shallow ${A}`), FLUSH]))).toMatchObject({
      phase: 'over',
      reader: { commands: 0 },
    });
  });

  it('counts the commands inside the certificate of a signed push, and no line of its signature', () => {
    const signed = (...commands: string[]) =>
      Buffer.concat([
        writePacket('push-cert\0 report-status push-options push-cert=nonce\n'),
        lines('certificate version 0.1', 'pusher me', 'nonce x', 'push-option a', ''),
        lines(...commands),
        lines(
          '-----BEGIN PGP SIGNATURE-----',
          '',
          `${A} ${B} refs/heads/none`,
          '-----END PGP SIGNATURE-----',
          'push-cert-end',
        ),
        FLUSH,
      ]);
    expect(read(signed(`${A} ${B} refs/heads/x`, `${A} ${ZERO} refs/heads/y`))).toMatchObject({
      phase: 'options',
      reader: { commands: 2 },
    });
    expect(read(Buffer.concat([signed(`${A} ${ZERO} refs/heads/y`), FLUSH])).phase).toBe('over');
    expect(read(Buffer.concat([signed(`${A} ${B} refs/heads/y`), lines('a'), FLUSH])).phase).toBe('pack');
  });

  it.each([
    ['a marker of v2', DELIM],
    ['a line that is no command', lines('hello')],
    ['a command without a ref', lines(`${A} ${B}`)],
    ['a certificate without its end', Buffer.concat([writePacket('push-cert\0 x'), FLUSH])],
  ])('is refused with %s', (_, bytes) => {
    expect(() => read(bytes)).toThrow(expect.objectContaining({ code: 'invalid' }));
  });

  it('has a limit', () => {
    const reader = new PushRequestReader(500);
    expect(() => {
      for (let i = 0; i < 10; i += 1) reader.take(lines(`${A} ${B} refs/heads/x${i}`));
    }).toThrow(expect.objectContaining({ code: 'too_large' }));
  });
});
