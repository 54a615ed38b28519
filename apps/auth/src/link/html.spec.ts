import { describe, expect, it } from '@jest/globals';
import { html } from './html.js';

describe('a page’s HTML', () => {
  it('escapes whatever is put in, in text and in attributes', () => {
    const name = `<script>alert("x")</script> & 'y' \`z\``;
    const { text } = html`<p title="${name}">${name}</p>`;
    expect(text.match(/[<>]/g)).toHaveLength(4);
    expect(text).toContain('&#60;script&#62;alert(&#34;x&#34;)');
    expect(text).not.toContain("'y'");
  });

  it('takes HTML, lists and nothing as they are', () => {
    expect(
      html`<ul>
        ${['a<', 'b'].map((one) => html`<li>${one}</li>`)}${undefined}
      </ul>`.text,
    ).toBe('<ul><li>a&#60;</li><li>b</li></ul>');
  });
});
