// Icons as strokes on a square of 24, drawn with the colour of the text beside them.

import { svg } from './dom.js';

const PATHS = {
  home: 'M4 11 12 4l8 7M6 9.5V20h12V9.5M10 20v-6h4v6',
  plus: 'M12 5v14M5 12h14',
  estimate: 'M7 3h7l4 4v14H7zM14 3v4h4M10 12h5M10 16h5',
  order: 'M6 3h12v18l-3-2-3 2-3-2-3 2zM9.5 8h5M9.5 12h5',
  settings: 'M4 7h10M18 7h2M4 17h2M10 17h10M14 4.5v5M10 14.5v5',
  search: 'M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13M15.5 15.5 20 20',
  back: 'M15 5l-7 7 7 7',
  print: 'M7 9V4h10v5M7 17H4V9h16v8h-3M7 14h10v6H7z',
  edit: 'M4 20l1-4L16 5l3 3L8 19zM13.5 7.5l3 3',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  delete: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5',
  convert: 'M4 12h14M13 7l5 5-5 5',
  lock: 'M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3',
  key: 'M8.5 10a4 4 0 1 0 0 8 4 4 0 0 0 0-8M11.5 11.5 19 4M16 7l3 3',
  give: 'M9 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8M3 20c0-3 2.5-5 6-5 1 0 2 .2 2.8.5M14 18h7M18 15l3 3-3 3',
  close: 'M6 6l12 12M18 6L6 18',
};

/** @param {keyof typeof PATHS} name */
export function icon(name) {
  const stroke = { d: PATHS[name], fill: 'none', stroke: 'currentColor', 'stroke-width': 1.75 };
  const path = svg('path', { ...stroke, 'stroke-linecap': 'round', 'stroke-linejoin': 'round' });
  return svg('svg', { viewBox: '0 0 24 24', width: 20, height: 20, class: 'icon', 'aria-hidden': 'true' }, path);
}
