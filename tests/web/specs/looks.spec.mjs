// Takes the page's picture in light, in dark and on a phone, into results/ for people to look at.
// Nothing is compared; the test holds only what every look must have.
import { expect, test } from "../fixtures.mjs";
import { makeFamily } from "../family.mjs";

const PHONE = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  hasTouch: true,
  isMobile: true,
};

const LOOKS = [
  ["light", { colorScheme: "light" }],
  ["dark", { colorScheme: "dark" }],
  ["phone-light", { colorScheme: "light", ...PHONE }],
  ["phone-dark", { colorScheme: "dark", ...PHONE }],
];

for (const [look, settings] of LOOKS) {
  test(`in ${look} the page shows all and never scrolls sideways`, async ({ openPage, share }) => {
    await makeFamily(share);
    const { page, rows } = await openPage("", settings);
    await expect(rows).toHaveCount(12);
    const { content, window } = await page.evaluate(() => ({
      content: document.documentElement.scrollWidth,
      window: document.documentElement.clientWidth,
    }));
    expect(content).toBeLessThanOrEqual(window);
    await page.screenshot({ path: `results/${look}.png` });
  });
}
