import { markup, type Html } from '@antipode/web-pages';
import { agoOf, badge } from '../fragments.js';
import type { MirrorView } from './home-view.js';

/** This mirror and its siblings; nothing where it has none. */
export const mirrorsCard = (mirrors: readonly MirrorView[]): Html | undefined =>
  mirrors.length < 2
    ? undefined
    : markup`<section class="card"><h2>Mirrors of this workspace</h2><ul class="plain">${mirrors.map(mirrorItem)}</ul></section>`;

const mirrorItem = ({ name, region, url, state, checkedAt }: MirrorView, index: number): Html =>
  markup`<li>${index === 0 || url === null ? markup`<strong>${name}</strong>` : markup`<a href="${url}/-/">${name}</a>`}${region === null ? undefined : markup` <span class="soft">${region}</span>`}
${index === 0 ? markup`<span class="tag">this one</span>` : state === 'available' ? badge('good', 'Available') : badge('bad', 'Unreachable')}
${index > 0 && checkedAt !== null ? markup`<span class="soft small">looked ${agoOf(checkedAt)}</span>` : undefined}</li>`;
