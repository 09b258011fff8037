// Sorting and filtering; without it the page shows everything in its own order.
'use strict';
for (const table of document.querySelectorAll('table')) {
  const body = table.tBodies[0];
  const heads = [...table.tHead.rows[0].cells];
  if (body.rows.length < 3) continue;
  heads.forEach((head, column) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.textContent = head.textContent;
    head.replaceChildren(button);
    button.addEventListener('click', () => {
      const down = head.getAttribute('aria-sort') === 'ascending';
      heads.forEach((other) => other.removeAttribute('aria-sort'));
      head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
      const text = (row) => row.cells[column].textContent;
      const rows = [...body.rows].sort((a, b) => text(a).localeCompare(text(b), 'en', { numeric: true }));
      body.append(...(down ? rows.reverse() : rows));
    });
  });
}
const list = document.getElementById('module-list');
if (list && list.tBodies[0].rows.length > 5) {
  const rows = [...list.tBodies[0].rows];
  const form = document.createElement('div');
  form.className = 'filter';
  const label = document.createElement('label');
  label.textContent = 'Show rows with';
  label.htmlFor = 'filter';
  const input = document.createElement('input');
  input.id = 'filter';
  input.type = 'search';
  input.placeholder = 'module, package or framework';
  const status = document.createElement('span');
  status.className = 'soft';
  status.setAttribute('role', 'status');
  const show = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
      count += row.hidden ? 0 : 1;
    }
    status.textContent = count + ' of ' + rows.length;
  };
  input.addEventListener('input', show);
  form.append(label, input, status);
  list.parentElement.before(form);
  show();
}
