// Every word that JavaScript puts on the screen, in one place, ready for a second language.
// Plain words of the shop; no jargon, no blame, and each empty list says what to do next.

/** @param {number} count @param {string} one @param {string} many */
const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;

export const words = {
  connection: { connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting', offline: 'Offline' },

  notice: {
    /** @param {string} time of the last moment at which the lists were known to be right */
    stale: (time) => `The shop’s server cannot be reached. This is how things stood at ${time}. `
      + 'Nothing stored is lost, and the page catches up by itself.',
    neverLoaded: 'The shop’s server cannot be reached. Check that it is switched on and that this device is in the '
      + 'shop’s network. The page opens by itself as soon as it answers.',
  },

  jump: 'Lists',

  lists: {
    estimate: {
      title: 'Estimates',
      /** @param {number} count */
      count: (count) => counted(count, 'estimate', 'estimates'),
      empty: 'No estimates yet',
      next: 'Make the first one on any till of the shop. It appears here at once.',
    },
    order: {
      title: 'Orders',
      /** @param {number} count */
      count: (count) => counted(count, 'order', 'orders'),
      empty: 'No orders yet',
      next: 'Complete a sale on any till, or convert an estimate. It appears here at once.',
    },
  },

  /** @param {number} count */
  newest: (count) => `Showing the newest ${count}`,
  loading: 'Loading',

  state: {
    open: 'Open',
    converted: 'Converted',
    /** @param {string} amount */
    due: (amount) => `${amount} due`,
  },
};
