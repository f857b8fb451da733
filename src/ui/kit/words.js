// Every word that JavaScript puts on the screen, in one place, ready for a second language.
// Plain words of the shop; no jargon, no blame, and each empty list says what to do next.

/**
 * @param {number} count
 * @param {string} one
 * @param {string} many
 */
const counted = (count, one, many) => `${count} ${count === 1 ? one : many}`;

/** @typedef {'estimate' | 'order'} NamedKind */

const names = { estimate: 'Estimate', order: 'Sale' };

export const words = {
  product: 'tillsync',
  connection: { connecting: 'Connecting', live: 'Live', reconnecting: 'Reconnecting', offline: 'Offline' },
  unsent: (/** @type {number} */ count) => `${count} not sent yet`,
  unkeeping: 'This device cannot keep unsent work. Sales go straight to the server.',
  stale: (/** @type {string} */ time) =>
    `The shop’s server cannot be reached. This is how things stood at ${time}. ` +
    'Go on working: nothing is lost, and the page catches up by itself.',
  neverLoaded:
    'The shop’s server cannot be reached. Check that it is switched on and that this device is in its network.',
  loading: 'Loading',
  failed: 'This could not be loaded.',
  again: 'Try again',
  close: 'Close',
  cancel: 'Cancel',
  back: 'Back',
  help: { all: 'Help', what: 'What to do', devices: 'How other devices are let in' },
  skip: 'Skip to the content',
  menu: 'Main menu',

  nav: { home: 'Home', new: 'New', estimate: 'Estimates', order: 'Orders', settings: 'Settings' },

  home: {
    title: 'Today',
    find: 'Find a sale',
    sales: 'Sales today',
    count: (/** @type {number} */ count) => counted(count, 'sale', 'sales'),
    pending: (/** @type {string} */ amount) => `and ${amount} not sent yet`,
    modes: 'How it was paid',
    due: 'Still due',
    open: 'Open estimates',
    openCount: (/** @type {number} */ count) => counted(count, 'estimate', 'estimates'),
    days: 'The last 14 days',
    day: (/** @type {string} */ day, /** @type {string} */ amount, /** @type {string} */ sales) =>
      `${day}: ${amount}, ${sales}`,
    activity: 'What happened last',
    nothing: 'Nothing yet. Make the first sale.',
  },

  lists: {
    estimate: {
      title: 'Estimates',
      empty: 'No estimates yet',
      next: 'Make the first one.',
      action: 'New estimate',
      statuses: [
        ['', 'All'],
        ['open', 'Open'],
        ['converted', 'Converted'],
      ],
    },
    order: {
      title: 'Orders',
      empty: 'No orders yet',
      next: 'Complete a sale, or convert an estimate.',
      action: 'New sale',
      statuses: [
        ['', 'All'],
        ['Completed', 'Completed'],
        ['Delivered', 'Delivered'],
        ['Cancelled', 'Cancelled'],
      ],
    },
  },
  search: 'Number, name or phone',
  filter: 'Show',
  notFound: (/** @type {string} */ q) => `Nothing is found for “${q}”.`,
  noneSuch: 'None of these.',
  clear: 'Show all',
  fresh: (/** @type {string} */ count) => `${count} new`,
  choose: 'Choose one to see it here.',
  gone: (/** @type {NamedKind} */ kind) => `This ${names[kind].toLowerCase()} is not there any more.`,

  meant: (/** @type {string} */ number) => `= ${number}`,

  pay: {
    change: 'Change',
    excess: (/** @type {string} */ total) => `Only cash gives change. Type at most ${total}, or choose cash.`,
  },

  state: {
    open: 'Open',
    converted: 'Converted',
    due: (/** @type {string} */ amount) => `${amount} due`,
    noNumber: 'no number yet',
    parked: 'Not accepted',
    pending: {
      create: 'Pending',
      edit: 'Edit pending',
      convert: 'Sale pending',
      delete: 'Deletion pending',
      status: 'Status pending',
    },
  },

  record: {
    name: (/** @type {NamedKind} */ kind, /** @type {string} */ number) => `${names[kind]} ${number}`.trim(),
    by: 'Made by',
    time: 'Time',
    mode: 'Paid by',
    status: 'Status',
    from: 'From estimate',
    to: 'Became sale',
    item: 'Item',
    rate: 'Rate',
    quantity: 'Qty',
    off: 'Disc. %',
    amount: 'Amount',
    subtotal: 'Subtotal',
    discount: 'Discount',
    total: 'Total',
    paid: 'Paid',
    change: 'Change',
    due: 'Due',
    history: 'History',
    flagged: (/** @type {string} */ what) => `The amounts do not add up: ${what}.`,
    pending: 'This is on this device only and is sent as soon as the server answers.',
    print: 'Print',
    edit: 'Edit',
    duplicate: 'Duplicate',
    convert: 'Convert',
    delete: 'Delete',
    steps: { create: 'Made', update: 'Changed', convert_to_order: 'Converted to sale', delete: 'Deleted' },
  },

  ask: {
    deleteEstimate: (/** @type {string} */ number) => `Delete estimate ${number}?`,
    deleteOrder: (/** @type {string} */ number) => `Delete sale ${number}?`,
    estimateGoes: 'It disappears from every device.',
    orderGoes: 'It disappears from every device and from the day’s sales.',
    bothGo: (/** @type {string} */ number) =>
      `Its estimate ${number} is deleted too. Both disappear from every device.`,
    convert: (/** @type {string} */ number) => `Convert estimate ${number} to a sale`,
    complete: 'Complete sale',
    discard: 'Discard this? It is on this device only and cannot be brought back.',
    discardIt: 'Discard',
  },

  form: {
    new: 'New sale',
    edit: (/** @type {string} */ number) => `Edit estimate ${number}`,
    customer: 'Customer',
    phone: 'Phone',
    address: 'Address',
    by: 'Made by',
    items: 'Items',
    line: (/** @type {number} */ place) => `Line ${place}`,
    removeLine: 'Remove this line',
    discount: 'Bill discount',
    mode: 'Paid by',
    paid: 'Amount paid',
    saveEstimate: 'Save estimate',
    completeSale: 'Complete sale',
    save: 'Save changes',
    clear: 'Start over',
    cleared: 'Cleared.',
    undo: 'Undo',
    draft: 'Draft kept on this device',
    errors: {
      customer: 'Who is it for? Type a name.',
      items: 'Add at least one item with a name.',
      name: 'What is it? Type a name.',
      rate: 'Type the rate, such as 120.50.',
      quantity: 'Type how many, more than 0.',
      percent: 'Type a percentage from 0 to 100.',
      discount: 'Type a discount no larger than the subtotal.',
      negative: 'The total is below zero. Take back no more than is sold on this bill.',
      paid: 'Type an amount, or leave it empty for the total.',
      large: 'These amounts are too large.',
    },
  },

  conflict: {
    bar: (/** @type {string} */ who) => `${who} changed this estimate while you were editing it.`,
    someone: 'Another device',
    show: 'Show both',
    mine: 'Keep mine',
    theirs: 'Take theirs',
    title: 'This estimate was changed on another device',
    text: 'Choose for each field what is right.',
    here: 'Here',
    there: 'There',
    use: 'Use this',
    field: 'Field',
  },

  outbox: {
    title: 'Not sent yet',
    none: 'Everything is sent.',
    waits: 'Waits for the server',
    held: (/** @type {string} */ why) => `Kept on this device and sent as soon as that is mended: ${why}`,
    away: 'the shop’s server cannot be reached',
    unkept: (/** @type {string} */ why) =>
      `${why}. This device cannot keep it until then: leave it as it is and save it again later.`,
    editing: 'It is being changed here',
    isLeaving: 'It is on its way to the server just now. Look again in a moment.',
    changed: 'It was changed on another device meanwhile',
    retry: 'Try again',
    edit: 'Edit',
    what: {
      create: { estimate: 'New estimate', order: 'New sale' },
      edit: 'Edit',
      convert: 'Conversion',
      delete: 'Deletion',
      status: 'Status',
      duplicate: 'Duplicate',
      settings: 'Settings',
    },
  },

  lost: {
    said: (/** @type {number} */ count) =>
      'The shop’s records were put back to an earlier state. ' +
      `${counted(count, 'entry', 'entries')} made on this device ${count === 1 ? 'is' : 'are'} missing.`,
    show: 'Show',
    title: 'Enter these again?',
    text: 'Each gets the next number. What somebody else has entered anew meanwhile would be there twice.',
    again: 'Enter again',
    leave: 'Leave them',
    gone: 'What it was about is missing too',
  },

  said: {
    saved: (/** @type {NamedKind} */ kind, /** @type {string} */ number) => `${names[kind]} saved · ${number}`,
    edited: (/** @type {string} */ number) => `Changes saved · ${number}`,
    deleted: (/** @type {NamedKind} */ kind, /** @type {string} */ number) => `${names[kind]} deleted · ${number}`,
    converted: (/** @type {string} */ estimate, /** @type {string} */ order) =>
      `Estimate ${estimate} became sale ${order}`.replace('  ', ' '),
    status: (/** @type {string} */ status) => `Status is now ${status}`,
    queued: 'Kept on this device. It is sent as soon as the server answers.',
    settings: 'Settings saved',
    changed: 'This was changed on another device. Look again, then repeat.',
    refused: (/** @type {string} */ why) => `Not done: ${why}`,
  },

  settings: {
    title: 'Settings',
    shop: 'Shop',
    shop_name: 'Shop name',
    shop_address: 'Address',
    shop_phone: 'Phone',
    tax_number: 'Tax number',
    currency: 'Currency',
    currencyHint: 'Three letters',
    people: 'Sales',
    staff_names: 'Staff',
    payment_modes: 'Payment modes',
    oneEach: 'One on each line',
    cash_modes: 'Ways of paying that are cash',
    cashHint: 'Change is given in these; one on each line',
    paper: 'Receipts',
    paper_size: 'Paper',
    sizes: { A4: 'A4 sheet', '80mm': '80 mm roll', '58mm': '58 mm roll' },
    footer_line: 'Last line',
    save: 'Save settings',
    device: 'This device',
    theme: 'Look',
    themes: { '': 'As the device', light: 'Light', dark: 'Dark' },
    keys: 'Keyboard shortcuts',
  },

  paper: {
    estimate: 'ESTIMATE',
    order: 'INVOICE',
    receipt: 'RECEIPT',
    number: 'Number',
    date: 'Date',
    for: 'For',
    tax: 'Tax no.',
    size: 'Paper',
  },

  keys: [
    ['n', 'New sale'],
    ['/', 'Search'],
    ['p', 'Print what is open'],
    ['Enter', 'Next field; on an empty line to the payment'],
    ['Ctrl Enter', 'Complete the sale'],
    ['Ctrl Shift Enter', 'Save as an estimate'],
    ['Esc', 'One step back; nothing is lost'],
    ['?', 'This sheet'],
  ],
};
