// form-js has no public way to show errors found elsewhere. This is the one place that touches its inner state; browser tests guard it.
// An error is found by its path: `packages`, or `items.3.found` for the field in the fourth row of a list.
export function showErrors(form, errorsByPath) {
  const paths = form.get('pathRegistry');
  const errors = {};
  for (const field of form.get('formFieldRegistry').getAll()) {
    const own = (paths.getValuePath(field) || []).join('.');
    for (const [path, messages] of Object.entries(errorsByPath)) {
      const { names, rows } = parts(path);
      if (own && names === own) put(errors, [field.id, ...rows], messages);
    }
  }
  form._setState({ errors });
}

function parts(path) {
  const steps = path.split('.');
  const isRow = (step) => /^\d+$/.test(step);
  return { names: steps.filter((step) => !isRow(step)).join('.'), rows: steps.filter(isRow) };
}

function put(target, [step, ...rest], value) {
  if (!rest.length) target[step] = value;
  else put((target[step] ??= {}), rest, value);
}
