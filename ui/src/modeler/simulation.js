// A first look at how tokens flow, on a viewer of its own: nothing of it can touch the file, its history or its saving.
import 'bpmn-js-token-simulation/assets/css/bpmn-js-token-simulation.css';
import '../css/simulation.css';
import NavigatedViewer from 'bpmn-js/lib/NavigatedViewer';
import simulationModule from 'bpmn-js-token-simulation/lib/viewer';

export async function simulate(container, xml, viewbox) {
  const viewer = new NavigatedViewer({ container, additionalModules: [simulationModule] });
  try {
    await viewer.importXML(xml);
    viewer.get('canvas').viewbox(viewbox);
    viewer.get('toggleMode').toggleMode(true);
  } catch (error) {
    viewer.destroy();
    throw error;
  }
  for (const entry of container.querySelectorAll('.bts-palette .bts-entry, .bts-set-animation-speed .bts-animation-speed-button')) pressable(entry);
  return () => viewer.destroy();
}

// Its tools are no buttons; with the keyboard they are reached and pressed like some.
function pressable(entry) {
  entry.tabIndex = 0;
  entry.setAttribute('role', 'button');
  if (entry.title) entry.setAttribute('aria-label', entry.title);
  entry.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    entry.click();
  });
}
