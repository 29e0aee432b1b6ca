// Closes a run with one line that people and CI read the same way: `browser: 7 passed, 0 failed`.
// It reports nothing else; the list reporter beside it tells the story of each test.
export default class Closing {
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  onTestEnd(_test, result) {
    if (result.status === "passed") this.#passed += 1;
    else if (result.status === "skipped") this.#skipped += 1;
    else this.#failed += 1;
  }

  onExit() {
    const skipped = this.#skipped > 0 ? `, ${this.#skipped} skipped` : "";
    console.log(`browser: ${this.#passed} passed, ${this.#failed} failed${skipped}`);
  }

  printsToStdio() {
    return true;
  }
}
