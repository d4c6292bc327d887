// form-js has no public way to show errors found elsewhere. This is the one place that touches its inner state; browser tests guard it.
export function showErrors(form, errorsByKey) {
  const registry = form.get('formFieldRegistry');
  const errors = {};
  for (const field of registry.getAll()) {
    if (errorsByKey[field.key]) errors[field.id] = errorsByKey[field.key];
  }
  form._setState({ errors });
}
