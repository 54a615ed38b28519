import { describe, expect, it } from '@jest/globals';
import { assetPath, findAsset } from './assets.js';
import { markup } from './markup.js';
import { PLACES, render, type Page } from './page.js';

const page: Page = { status: 200, title: 'A <b> title', body: markup`<p>body</p>` };

describe('a page', () => {
  it('holds no style and no script of its own, and loads only files of the mirror', () => {
    const text = render(page);
    expect(text).not.toMatch(/<style|style=|<script(?![^>]* src="\/-\/assets\/)| on\w+=/);
    expect([...text.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, url]) => url)).toEqual(
      expect.arrayContaining([assetPath('antipode.css'), assetPath('antipode.js')]),
    );
    expect(text).toContain('A &#60;b&#62; title');
  });

  it('marks the place where the reader is, and names who is signed in', () => {
    const text = render(page, {
      current: PLACES.repositories.path,
      person: 'Mallory <script>',
      signOut: { path: '/-/link/sign-out', csrf: 'token' },
    });
    expect(text).toContain('<a href="/-/repositories" aria-current="page">Repositories</a>');
    expect(text).toContain('Mallory &#60;script&#62;');
    expect(text).toMatch(
      /<form method="post" action="\/-\/link\/sign-out"><input type="hidden" name="csrf" value="token">/,
    );
  });

  it('offers a way past the navigation', () => {
    expect(render(page)).toMatch(/<body[^>]*>\s*<a class="skip" href="#content">[^]*<main id="content"/);
  });
});

describe('an asset', () => {
  it('may be kept for ever under the name of its content', () => {
    expect(findAsset(assetPath('antipode.js'))).toMatchObject({
      type: 'text/javascript; charset=utf-8',
      cache: 'public, max-age=31536000, immutable',
    });
  });

  it('is the newest for a page of another version, and then not kept', () => {
    const asset = findAsset('/-/assets/antipode.abcdefabcdef.css');
    expect(asset).toMatchObject({ path: assetPath('antipode.css'), cache: 'no-cache' });
  });

  it.each([
    '/-/assets/',
    '/-/assets/antipode.css',
    '/-/assets/other.abcdefabcdef.css',
    '/-/assets/../package.json',
  ])('is nothing at %s', (path) => expect(findAsset(path)).toBeUndefined());

  it('is small', () => {
    expect(findAsset(assetPath('antipode.js'))?.body.length).toBeLessThan(10_000);
  });
});
