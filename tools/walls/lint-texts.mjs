// Lints texts as if they stood in certain files: [{path, text}] from stdin, the rules that each breaks to stdout.
// A process of its own, because ESLint's plugins do not load inside Jest's module sandbox.
import { text } from 'node:stream/consumers';
import { ESLint } from 'eslint';

const eslint = new ESLint();
const results = [];
for (const { path, text: source } of JSON.parse(await text(process.stdin))) {
  const [result] = await eslint.lintText(source, { filePath: path });
  results.push(result.messages.map(({ ruleId, message }) => `${ruleId}: ${message}`));
}
process.stdout.write(JSON.stringify(results));
