// Our part of the properties panel: the standard groups of BPMN stay, timers and repetition become ours, the engine's own are added.
import { Group } from '@bpmn-io/properties-panel';
import { callGroup, conditionGroup, gatewayGroup, scriptGroup, serviceTaskGroup, settingsGroup } from './groups.js';
import { refusalGroup, repeatGroup, timerGroup } from './waiting_groups.js';
import { is } from 'bpmn-js/lib/util/ModelUtil';

const REPLACED = new Set(['timer', 'multiInstance']);
const FIRST = new Set(['general', 'documentation', 'message', 'signal', 'error', 'escalation', 'link']);

class PanelProvider {
  constructor(propertiesPanel, writer, workbench) {
    this.context = { write: writer, workbench };
    propertiesPanel.registerProvider(400, this);
  }

  getGroups(element) {
    const made = [serviceTaskGroup, gatewayGroup, conditionGroup, scriptGroup, callGroup, timerGroup, refusalGroup, repeatGroup].map((group) => group(this.context, element));
    const settings = is(element, 'bpmn:ServiceTask') ? null : settingsGroup(this.context, element);
    const ours = [settings, ...made].filter(Boolean).map((group) => ({ component: Group, shouldOpen: true, ...group }));
    return (groups) => {
      const kept = groups.filter((group) => !REPLACED.has(group.id));
      const first = kept.filter((group) => FIRST.has(group.id) && group.id !== 'documentation');
      const rest = kept.filter((group) => !first.includes(group));
      return [...first, ...ours, ...rest];
    };
  }
}

PanelProvider.$inject = ['propertiesPanel', 'writer', 'workbench'];

export const panelModule = { __init__: ['ourPanel'], ourPanel: ['type', PanelProvider] };
