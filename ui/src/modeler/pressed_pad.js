// A press on the context pad counts even where it ends what was typed in the panel: that change draws the pad anew, at first somewhere
// else, and a browser makes no click of a press and a release on two elements.
const ENTRY = '.djs-context-pad [data-action]';
// What moves farther than this is a drag.
const STILL = 5;

export class PressedPad {
  static $inject = ['canvas'];
  #container;

  constructor(canvas) {
    this.#container = canvas.getContainer();
    this.#container.addEventListener('pointerdown', (pressed) => this.#follow(pressed.target.closest(ENTRY), pressed), { capture: true });
  }

  #follow(entry, { clientX, clientY }) {
    if (!entry) return;
    const released = (event) => {
      if (entry.isConnected || Math.hypot(event.clientX - clientX, event.clientY - clientY) > STILL) return;
      const now = [...this.#container.querySelectorAll(ENTRY)].find(({ dataset }) => dataset.action === entry.dataset.action);
      now?.dispatchEvent(new MouseEvent('click', { bubbles: true, cancelable: true, clientX, clientY }));
    };
    addEventListener('pointerup', released, { once: true });
  }
}
