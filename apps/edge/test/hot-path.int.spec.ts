import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { processesStarted } from '@antipode/git-process';
import { writeCommandRequest } from '@antipode/git-wire';
import { ask, INFO_REFS, UPLOAD_PACK } from './ask.js';
import { basic, GivenEdge, READER } from './given-edge.js';

let edge: GivenEdge;

beforeAll(async () => {
  edge = await GivenEdge.open({ settings: { FRESHNESS: 'bounded:3600' } });
  await edge.add();
});
afterAll(async () => edge[Symbol.asyncDispose]());

const headers = { authorization: basic(READER) };
const lsRefs = writeCommandRequest({
  command: 'ls-refs',
  capabilities: new Map([['object-format', 'sha1']]),
  args: ['peel', 'symrefs', 'ref-prefix refs/heads/'],
});

const noOp = async (): Promise<number[]> => {
  const v2 = { ...headers, 'git-protocol': 'version=2' };
  const answers = [
    await ask(edge.url, `/acme/widget.git${INFO_REFS}`, { headers: v2 }),
    await ask(edge.url, '/acme/widget.git/git-upload-pack', {
      method: 'POST',
      headers: { ...headers, ...UPLOAD_PACK },
      body: lsRefs,
    }),
    await ask(edge.url, `/acme/widget.git${INFO_REFS}`, { headers }),
  ];
  return answers.map(({ status }) => status);
};

describe('an allowed, fresh fetch with nothing to fetch', () => {
  it('starts no process and makes no call, also with every neighbour cut off', async () => {
    expect(await noOp()).toEqual([200, 200, 200]);
    const before = {
      processes: processesStarted(),
      asked: { ...edge.neighbours.asked },
      primary: edge.primary.requests.length,
    };
    expect(await noOp()).toEqual([200, 200, 200]);
    expect({
      processes: processesStarted(),
      asked: edge.neighbours.asked,
      primary: edge.primary.requests.length,
    }).toEqual(before);
    // Counting could miss a call; whoever is not there cannot be called.
    await edge.neighbours.close();
    await edge.primary[Symbol.asyncDispose]();
    expect(await noOp()).toEqual([200, 200, 200]);
    expect(processesStarted()).toBe(before.processes);
    expect(edge.logs.slice(-3).map(({ source }) => source)).toEqual(['memory', 'memory', 'memory']);
  });
});
