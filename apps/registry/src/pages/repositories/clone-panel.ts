import { markup, type Html } from '@antipode/web-pages';
import { copyable, option } from '../fragments.js';
import { baseOf, cloneWays, type CloneSources, type CloneWay } from './clone-ways.js';

export interface CloneView extends CloneSources {
  readonly pushUrl: string;
}

const PROTOCOLS = { https: 'HTTPS', ssh: 'SSH' } as const;

/** The primary's clone dialog, with one chooser more. Without scripts every way is shown, one below the other. */
export function clonePanel(view: CloneView): Html {
  const ways = cloneWays(view);
  return markup`<section class="panel clone" aria-labelledby="clone"><h2 id="clone">Clone</h2>
${controls(ways)}
${ways.map((way, index) => wayOf(way, index))}
${pushLine(view)}
${everywhere(view)}</section>`;
}

function controls(ways: readonly CloneWay[]): Html {
  const sources = new Map(ways.map(({ source, sourceName }) => [source, sourceName]));
  const protocols = [...new Set(ways.map(({ protocol }) => protocol))];
  return markup`<div class="controls" hidden>
<fieldset><legend>Protocol</legend><div class="segments">${protocols.map(
    (protocol, index) =>
      markup`<label><input type="radio" name="protocol" value="${protocol}"${index === 0 ? markup` checked` : undefined}>${PROTOCOLS[protocol]}</label>`,
  )}</div></fieldset>
<div class="field"><label for="clone-from">Clone from</label><select id="clone-from">${[...sources].map(([source, name]) => option(source, name, 'this'))}</select></div>
</div>`;
}

const wayOf = ({ source, sourceName, protocol, url, sourcetree }: CloneWay, index: number): Html =>
  markup`<div class="way" data-source="${source}" data-protocol="${protocol}"><h3>${PROTOCOLS[protocol]}, from ${sourceName}</h3>
${copyable(`way-${index}`, `git clone ${url}`, `clone by ${PROTOCOLS[protocol]} from ${sourceName}`)}
<p><a class="button quiet" href="${sourcetree}">Clone in Sourcetree</a></p></div>`;

const pushLine = ({ urls, pushUrl }: CloneView): Html | undefined =>
  urls.https === null && urls.ssh === null
    ? undefined
    : markup`<h3>Push straight to the primary</h3>
<p class="soft">Pushes to the mirror go through to the primary already. To leave the mirror out of them, in the clone:</p>
${copyable('push-url', `git remote set-url --push origin ${pushUrl}`, 'push straight to the primary')}`;

/** For machines: whatever names the primary fetches here instead. */
function everywhere({ path, urls }: CloneView): Html | undefined {
  const lines = [
    rewrite(urls.https, urls.primary.https, path),
    rewrite(urls.ssh, urls.primary.ssh, path),
  ].filter((line) => line !== undefined);
  if (lines.length === 0) return undefined;
  return markup`<h3>Machines and CI</h3>
<p class="soft">Use this mirror for every URL of the primary. Scripts, submodules and build plans stay as they are; git asks the mirror instead.</p>
${lines.map((line, index) => copyable(`instead-${index}`, line, 'use this mirror for every URL of the primary'))}`;
}

function rewrite(mirror: string | null, primary: string | null, path: string): string | undefined {
  const [here, there] = [mirror && baseOf(mirror, path), primary && baseOf(primary, path)];
  return here && there ? `git config --global url."${here}".insteadOf "${there}"` : undefined;
}
