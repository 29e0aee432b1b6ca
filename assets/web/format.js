// How are sizes, ages and times said in the reader's language?
//
// All words come from Intl, so a language costs nothing here. Sizes count in thousands, as disks
// and phones are sold. Pure: the current time is an argument.

const KB = 1000;
const SIZES = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte', 'petabyte'];
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** @param {string} [locale] a BCP 47 tag; the browser's own when absent */
export function createFormat(locale) {
  /** @type {Map<string, Intl.NumberFormat>} making one costs more than using it 1,000 times */
  const numbers = new Map();
  /** @param {number} value @param {string} unit @param {number} digits */
  const unit = (value, unit, digits, display = 'short') => {
    const id = `${unit} ${digits} ${display}`;
    if (!numbers.has(id)) {
      numbers.set(id, new Intl.NumberFormat(locale, { style: 'unit', unit,
        unitDisplay: /** @type {any} */ (display), maximumFractionDigits: digits }));
    }
    return /** @type {Intl.NumberFormat} */ (numbers.get(id)).format(value);
  };
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  const now_words = relative.format(0, 'second');
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'medium' });
  const exact = new Intl.DateTimeFormat(locale, { dateStyle: 'full', timeStyle: 'medium' });
  const percent = new Intl.NumberFormat(locale, { style: 'percent' });
  const count = new Intl.NumberFormat(locale);

  /** @param {number} bytes @param {string} suffix */
  const scaled = (bytes, suffix) => {
    let power = 0;
    let value = bytes;
    // 999.5 would be written 1,000: it belongs to the next unit.
    while (value >= 999.5 && power < SIZES.length - 1) {
      value /= KB;
      power += 1;
    }
    const digits = power > 0 && value < 9.95 ? 1 : 0;
    const display = power === 0 && suffix === '' ? 'long' : 'short';
    return unit(value, `${SIZES[power]}${suffix}`, digits, display);
  };

  return {
    /** @param {number} bytes */
    size: (bytes) => scaled(bytes, ''),
    /** @param {number} bytes_per_second */
    speed: (bytes_per_second) => scaled(bytes_per_second, '-per-second'),
    /** @param {number} ratio 0 to 1; never says 100 before the end */
    percent: (ratio) => percent.format(ratio >= 1 ? 1 : Math.floor(Math.max(0, ratio) * 100) / 100),
    /** @param {number} number */
    count: (number) => count.format(number),
    /** @param {number} seconds a length of time, rounded as one would say it */
    span: (seconds) => {
      if (seconds < 60) return unit(Math.max(1, Math.round(seconds)), 'second', 0);
      if (seconds < 90 * 60) return unit(Math.round(seconds / 60), 'minute', 0);
      if (seconds < 36 * 3600) return unit(Math.round(seconds / 3600), 'hour', 0);
      return unit(Math.round(seconds / 86_400), 'day', 0);
    },
    /** @param {number} then Unix ms @param {number} now Unix ms */
    age: (then, now) => {
      const passed = now - then;
      // A server's clock may be a little ahead of ours; "in 3 seconds" would be nonsense.
      if (passed < -5 * MINUTE_MS) return day.format(then);
      if (passed < MINUTE_MS) return now_words;
      if (passed < HOUR_MS) return relative.format(-Math.floor(passed / MINUTE_MS), 'minute');
      if (passed < DAY_MS) return relative.format(-Math.floor(passed / HOUR_MS), 'hour');
      if (passed < 7 * DAY_MS) return relative.format(-Math.floor(passed / DAY_MS), 'day');
      return day.format(then);
    },
    /** @param {number} then Unix ms */
    exact: (then) => exact.format(then),
  };
}

/** @typedef {ReturnType<typeof createFormat>} Format */
