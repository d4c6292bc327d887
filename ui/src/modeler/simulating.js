// Switches the simulation on and off; what it is made of is loaded when it is wanted for the first time.
import { say } from '../notice.js';

export class Simulating {
  #place;
  #button;
  #covered;
  #stop = null;
  #wanted = false;

  // `covered` are the parts of the editor that rest meanwhile.
  constructor(place, button, covered) {
    this.#place = place;
    this.#button = button;
    this.#covered = covered;
  }

  get on() {
    return this.#wanted;
  }

  // `diagram` answers the text of the file as it is drawn, and which part of it is seen.
  async toggle(diagram) {
    if (this.#wanted) return this.stop();
    this.#show(true);
    try {
      const [{ simulate }, { xml, viewbox }] = await Promise.all([import('./simulation.js'), diagram()]);
      if (!this.#wanted) return undefined;
      this.#stop = await simulate(this.#place.querySelector('.simulation-canvas'), xml, viewbox);
      if (!this.#wanted) this.stop();
    } catch (error) {
      this.stop();
      say(`The simulation cannot begin: ${error.message}`, { kind: 'error', nextStep: 'Try the draft instead, or reload the page.' });
    }
    return undefined;
  }

  stop() {
    this.#stop?.();
    this.#stop = null;
    this.#show(false);
  }

  #show(on) {
    this.#wanted = on;
    this.#place.hidden = !on;
    this.#button.setAttribute('aria-pressed', String(on));
    for (const each of this.#covered) each.inert = on;
  }
}
