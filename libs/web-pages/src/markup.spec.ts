import { describe, expect, it } from '@jest/globals';
import { markup } from './markup.js';

describe('a page’s HTML', () => {
  it('escapes whatever is put in, in text and in attributes', () => {
    const name = `<script>alert("x")</script> & 'y' \`z\``;
    const { text } = markup`<p title="${name}">${name}</p>`;
    expect(text.match(/[<>]/g)).toHaveLength(4);
    expect(text).toContain('&#60;script&#62;alert(&#34;x&#34;)');
    expect(text).not.toContain("'y'");
  });

  it('takes HTML, lists and nothing as they are', () => {
    const items = ['a<', 'b'].map((one) => markup`<li>${one}</li>`);
    expect(markup`<ul>${items}${undefined}</ul>`.text).toBe('<ul><li>a&#60;</li><li>b</li></ul>');
  });
});
