// The BPMN modeler of the product: bpmn-js with our panel, and with every namespace known that files bring along.
import Modeler from 'bpmn-js/lib/Modeler';
import { BpmnPropertiesPanelModule, BpmnPropertiesProviderModule } from 'bpmn-js-properties-panel';
import { CreateAppendAnythingModule } from 'bpmn-js-create-append-anything';
import colorPickerModule from 'bpmn-js-color-picker';
import minimapModule from 'diagram-js-minimap';
import nativeCopyPasteModule from 'bpmn-js-native-copy-paste';
import { keepDefaults } from '../editing/faithful.js';
import { Writer } from './extensions.js';
import { namespaces } from './namespaces.js';
import { panelModule } from './panel.js';
import { PressedPad } from './pressed_pad.js';
import { Workbench } from './workbench.js';

const houseModule = {
  __init__: ['allowedIn', 'quietClipboard', 'pressedPad'],
  writer: ['type', Writer],
  workbench: ['type', Workbench],
  // What belongs to one kind of element does not stay behind when it becomes another.
  allowedIn: ['type', AllowedIn],
  // Without leave to use the system's clipboard, copying works inside the editor.
  quietClipboard: ['type', QuietClipboard],
  pressedPad: ['type', PressedPad],
};

function AllowedIn(eventBus, moddle) {
  eventBus.on('moddleCopy.canCopyProperty', 2000, ({ property, parent }) => {
    if (!property?.$type) return undefined;
    // An extension of a tool that nobody described goes along as it is.
    if (property.$descriptor?.isGeneric) return property;
    const allowed = moddle.getTypeDescriptor(property.$type)?.meta?.allowedIn;
    let host = parent;
    while (host?.$type === 'bpmn:ExtensionElements') host = host.$parent;
    return allowed && host && !allowed.some((type) => type === '*' || host.$instanceOf?.(type)) ? false : undefined;
  });
}
AllowedIn.$inject = ['eventBus', 'moddle'];

function QuietClipboard(eventBus, nativeCopyPaste) {
  if (!window.isSecureContext) nativeCopyPaste.toggle(false);
  eventBus.on('native-copy-paste:error', () => nativeCopyPaste.toggle(false));
}
QuietClipboard.$inject = ['eventBus', 'nativeCopyPaste'];

export function makeModeler(canvas, panel) {
  const modeler = new Modeler({
    container: canvas,
    propertiesPanel: { parent: panel, feelPopupContainer: canvas.closest('.modeler') },
    additionalModules: [
      BpmnPropertiesPanelModule,
      BpmnPropertiesProviderModule,
      CreateAppendAnythingModule,
      colorPickerModule,
      minimapModule,
      nativeCopyPasteModule,
      houseModule,
      panelModule,
    ],
    moddleExtensions: namespaces,
  });
  keepDefaults(modeler.get('moddle'));
  return modeler;
}
