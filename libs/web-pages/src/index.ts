export { ASSETS_PATH, assetPath, findAsset, type Asset } from './assets.js';
export {
  hashOf,
  newBrowser,
  readBrowser,
  transportOf,
  writeBrowser,
  type Transport,
} from './browser-cookie.js';
export { CSRF_FIELD, CSRF_HEADER, csrfToken, isCsrfToken } from './csrf.js';
export { isOwnRequest } from './own-request.js';
export { Html, markup, type Piece } from './markup.js';
export { PLACES, render, type Frame, type Page, type Place } from './page.js';
export { pageHeaders } from './page-headers.js';
export { phaseOf, sizeOf, spanOf, type Tone } from './format.js';
export { readForm } from './read-form.js';
