// The fields of the panel. Each gets its value by `read()` and writes by `change(value)`; what they offer comes from the server.
import {
  CheckboxEntry,
  FeelEntry,
  SelectEntry,
  TextAreaEntry,
  TextFieldEntry,
  isCheckboxEntryEdited,
  isFeelEntryEdited,
  isSelectEntryEdited,
  isTextAreaEntryEdited,
  isTextFieldEntryEdited,
} from '@bpmn-io/properties-panel';
import { useEffect, useState } from '@bpmn-io/properties-panel/preact/hooks';
import { useService } from 'bpmn-js-properties-panel';

const given = ({ element, id, label, hint, read, change }) => ({
  element,
  id,
  label,
  description: hint,
  getValue: () => read(),
  setValue: (value) => change(value ?? ''),
});

function Text(props) {
  return <TextFieldEntry {...given(props)} debounce={useService('debounceInput')} />;
}

function Area(props) {
  return <TextAreaEntry {...given(props)} debounce={useService('debounceInput')} rows={3} autoResize />;
}

// What is in the file and not on offer stays chosen, and is named as unknown.
function Choice(props) {
  const getOptions = () => {
    const now = props.read();
    const offered = props.options();
    const known = !now || offered.some((option) => option.value === now);
    return [
      { value: '', label: props.none ?? '(none)' },
      ...(known ? [] : [{ value: now, label: `${now} (unknown)` }]),
      ...offered,
    ];
  };
  return <SelectEntry {...given(props)} getOptions={getOptions} />;
}

function Check({ element, id, label, hint, read, change }) {
  return <CheckboxEntry element={element} id={id} label={label} description={hint} getValue={read} setValue={change} />;
}

// FEEL always (`signed` says whether the file has the sign =), with the variables in reach.
function Formula(props) {
  const { read, change, signed = false } = props;
  const workbench = useService('workbench');
  const own = { ...given(props) };
  own.getValue = () => (read() && !signed ? `=${read().replace(/^=(?!=)/, '').trim()}` : read());
  own.setValue = (value) => change(signed || !value ? (value ?? '') : value.replace(/^=/, ''));
  return <FeelEntry {...own} feel="required" variables={workbench.suggestions(props.element)} debounce={useService('debounceInput')} />;
}

// A literal text, or FEEL behind =.
function TextOrFormula(props) {
  const workbench = useService('workbench');
  return <FeelEntry {...given(props)} feel="optional" variables={workbench.suggestions(props.element)} debounce={useService('debounceInput')} />;
}

// When a timer goes off, by what the server computes.
function Times({ id, tag, read }) {
  const workbench = useService('workbench');
  const text = read();
  const [found, setFound] = useState(null);
  useEffect(() => {
    let current = true;
    setFound(null);
    if (text) workbench.times(tag, text).then((times) => current && setFound(times));
    return () => (current = false);
  }, [tag, text]);
  if (!text || !found) return null;
  return (
    <div class="bio-properties-panel-entry timer-times" data-entry-id={id} role="status">
      {found.problem ? <p class="timer-problem">{`${found.problem} ${found.next_step}`}</p> : null}
      {found.reads_variables ? <p>Computed when an instance comes here.</p> : null}
      {found.times.length ? <p>{found.times.length > 1 ? 'If it began now it would go off' : 'If it began now it would go off on'}</p> : null}
      <ol>
        {found.times.map((time) => (
          <li key={time}>{workbench.moment(time)}</li>
        ))}
      </ol>
    </div>
  );
}

function Note({ id, text }) {
  return (
    <div class="bio-properties-panel-entry panel-words" data-entry-id={id}>
      <p>{text}</p>
    </div>
  );
}

export const text = (id, label, read, change, more = {}) => ({ id, label, read, change, ...more, component: Text, isEdited: isTextFieldEntryEdited });
export const area = (id, label, read, change, more = {}) => ({ id, label, read, change, ...more, component: Area, isEdited: isTextAreaEntryEdited });
export const choice = (id, label, read, change, options, more = {}) => ({
  id, label, read, change, options, ...more, component: Choice, isEdited: isSelectEntryEdited,
});
export const check = (id, label, read, change, more = {}) => ({ id, label, read, change, ...more, component: Check, isEdited: isCheckboxEntryEdited });
export const formula = (id, label, read, change, more = {}) => ({ id, label, read, change, ...more, component: Formula, isEdited: isFeelEntryEdited });
export const textOrFormula = (id, label, read, change, more = {}) => ({
  id, label, read, change, ...more, component: TextOrFormula, isEdited: isFeelEntryEdited,
});
export const times = (id, tag, read) => ({ id, tag, read, component: Times });
export const note = (id, words) => ({ id, text: words, component: Note });
