import { expect, test } from 'vitest';

import { html } from './html.ts';

test('what is put in is text', () => {
  const name = `<img src=x onerror="alert('&')">`;
  expect(html`<p title="${name}">${name} ${7}</p>`.markup).toBe(
    '<p title="&lt;img src=x onerror=&quot;alert(&#39;&amp;&#39;)&quot;&gt;">' +
      '&lt;img src=x onerror=&quot;alert(&#39;&amp;&#39;)&quot;&gt; 7</p>',
  );
});

test('markup stays markup, alone and as a list', () => {
  const items = ['a', '<b>'].map((item) => html`<i>${item}</i>`);
  expect(html`<b>${items}</b>${html`<br />`}`.markup).toBe('<b><i>a</i><i>&lt;b&gt;</i></b><br />');
});
