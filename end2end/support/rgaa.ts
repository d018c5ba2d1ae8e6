// The criteria of RGAA 4.1.2 that a program can judge and that axe does not, or not as strictly.
// Sésame has no image file, frame, film, table or office document: where a criterion has no object,
// the script says so when one appears. Which criterion is held by what: docs/accessibility.md.

import type { Page } from '@playwright/test';

import type { Lang } from './texts';

/** What is wrong with the page as it stands, each finding with its criterion; none where all is well. */
export async function rgaa(page: Page, lang: Lang): Promise<string[]> {
  return page.evaluate((language) => {
    const found: string[] = [];
    const all = (selector: string, within: ParentNode = document): Element[] => [...within.querySelectorAll(selector)];
    const text = (element: Element): string => (element.textContent ?? '').replace(/\s+/g, ' ').trim();
    const brief = (element: Element): string => element.outerHTML.slice(0, 120);
    const seen = (element: Element): boolean => element.checkVisibility({ visibilityProperty: true });
    const must = (criterion: string, holds: boolean, what: string): void => {
      if (!holds) found.push(`${criterion}: ${what}`);
    };
    const none = (criterion: string, selector: string, within: ParentNode = document): void => {
      for (const element of all(selector, within)) found.push(`${criterion}: ${brief(element)}`);
    };

    // 1. Images: drawings alone, and each is either named or passed over.
    none('1.1', 'img, area, canvas, embed, object, input[type="image"], [role="img"]:not(svg)');
    for (const svg of all('svg')) {
      const name = svg.getAttribute('aria-label')?.trim() ?? '';
      if (svg.getAttribute('role') === 'img') must('1.1', name !== '', brief(svg));
      else must('1.2', svg.getAttribute('aria-hidden') === 'true' && name === '', brief(svg));
      none('1.2', 'title, desc, text, [title]', svg);
    }
    none('1.9', 'figure, figcaption');
    // 2 and 4. Frames, films and sounds; 5. tables; 13.3. office documents.
    none('2.1', 'iframe, frame');
    none('4.1', 'audio, video');
    none('5.1', 'table, [role="table"], [role="grid"]');
    none('13.3', 'a[href$=".pdf"], a[href$=".doc"], a[href$=".docx"], a[href$=".odt"]');

    // 6. Links: each has words, which lead to one place and say which.
    const places = new Map<string, string>();
    for (const link of all('a[href]').filter(seen)) {
      const name = text(link);
      must('6.2', name !== '', brief(link));
      must('6.1', !/^(ici|cliquez ici|lire la suite|en savoir plus|lien|here|click here|read more|more|link)$/i.test(name), `says nothing: ${brief(link)}`);
      const place = link.getAttribute('href')!;
      must('6.1', (places.get(name) ?? place) === place, `«${name}» leads to ${places.get(name)} and ${place}`);
      places.set(name, place);
    }
    none('6.2', 'a:not([href])');

    // 8. What every document needs.
    must('8.1', document.doctype?.name === 'html' && document.compatMode === 'CSS1Compat', 'no document type');
    const ids = all('[id]').map((element) => element.id);
    must('8.2', new Set(ids).size === ids.length, `an id comes twice: ${ids.filter((id, index) => ids.indexOf(id) !== index)}`);
    for (const attribute of ['for', 'aria-labelledby', 'aria-describedby', 'aria-controls', 'aria-owns', 'aria-errormessage']) {
      for (const element of all(`[${attribute}]`)) {
        for (const id of element.getAttribute(attribute)!.split(/\s+/)) must('8.2', ids.includes(id), `${attribute} leads to no "${id}": ${brief(element)}`);
      }
    }
    none('8.2', 'a a, a button, button a, button button, p p, p div, ul > :not(li), ol > :not(li), dl > :not(dt, dd, div), :not(ul, ol) > li');
    must('8.3', document.documentElement.lang === language, `the language is "${document.documentElement.lang}"`);
    for (const element of all('[lang]')) must('8.4', ['fr', 'en'].includes(element.getAttribute('lang')!), brief(element));
    must('8.5', document.title.trim() !== '' && all('head > title').length === 1, 'no title, or several');
    must('8.6', /^.+ · Sésame$/.test(document.title), `the title is "${document.title}"`);
    // The one passage in another language on every page is the link to it.
    const other = language === 'fr' ? 'en' : 'fr';
    must('8.7', all(`a[lang="${other}"][hreflang="${other}"]`).length === 1, 'the link to the other language');
    none('8.9', 'font, center, big, strike, tt, u, marquee, blink, br + br, p:empty:not([role], .countdown), blockquote');
    none('8.10', '[dir]');

    // 9. Structure.
    const headings = all('h1, h2, h3, h4, h5, h6, [role="heading"]').filter(seen);
    const levels = headings.map((heading) => Number(heading.tagName.slice(1)));
    must('9.1', levels[0] === 1 && levels.filter((level) => level === 1).length === 1, `headings: ${levels}`);
    for (const [index, level] of levels.entries()) must('9.1', index === 0 || level - levels[index - 1]! <= 1, `a level is left out: ${levels}`);
    for (const heading of headings) must('9.1', text(heading) !== '', brief(heading));
    for (const [landmark, selector] of [['main', 'main'], ['banner', 'body > header'], ['contentinfo', 'body > footer'], ['navigation', 'footer nav[aria-label]']] as const) {
      must('9.2', all(selector).filter(seen).length === 1 && all(`[role="${landmark}"]`).length === 0, landmark);
    }
    // What looks like a list is one: bullets, dashes and numbers are not typed.
    for (const paragraph of all('main p').filter(seen)) must('9.3', !/^([-–•*]|\d+[.)])\s/.test(text(paragraph)), brief(paragraph));

    // 10. Looks: the style sheet's alone.
    none('10.1', '[style]:not([style=""]), [align], [bgcolor], [border], [face], [color]:not(meta), [valign]');
    for (const element of all('body [width], body [height]')) must('10.1', element.matches('svg, svg *'), brief(element));
    // 10.8. What is kept from assistive technology cannot be reached by the keyboard either.
    for (const element of all('[aria-hidden="true"] :is(a[href], button, input, select, textarea)')) must('10.8', element.getAttribute('tabindex') === '-1', brief(element));
    for (const element of all('[hidden]')) must('10.8', !seen(element), brief(element));
    // 10.13. Nothing appears on pointing at something.
    none('10.13', '[title], [popover], [aria-haspopup]');

    // 11. Forms.
    for (const field of all('input, select, textarea').filter((field) => !field.closest('[aria-hidden="true"]'))) {
      const labels = [...((field as HTMLInputElement).labels ?? [])];
      must('11.1', labels.length === 1 && labels[0]!.htmlFor === field.id && text(labels[0]!) !== '', brief(field));
      const [label, own] = [labels[0]?.getBoundingClientRect(), field.getBoundingClientRect()];
      // 11.4. Above it, with nothing but its hint and its error between.
      if (label) must('11.4', label.bottom <= own.top && Math.abs(label.left - own.left) <= 1 && labels[0]!.parentElement === field.closest('.field'), brief(field));
      must('11.1', !field.hasAttribute('placeholder') && !field.hasAttribute('aria-label'), `a name that goes when one types, or is not seen: ${brief(field)}`);
      must('11.13', ['username', 'current-password', 'one-time-code'].includes(field.getAttribute('autocomplete') ?? ''), brief(field));
    }
    for (const label of all('label')) must('11.1', document.getElementById((label as HTMLLabelElement).htmlFor) !== null, brief(label));
    // 11.10. In a form of several fields, those that have to be filled say so beside themselves.
    for (const form of all('form')) {
      const fields = all('.field input', form);
      for (const field of fields.filter((field) => fields.length > 1 && field.hasAttribute('required'))) {
        const described = (field.getAttribute('aria-describedby') ?? '').split(' ').map((id) => document.getElementById(id));
        must('11.10', described.some((element) => element && seen(element) && /obligatoire|required/i.test(text(element))), brief(field));
      }
    }
    none('11.5', 'fieldset, input[type="radio"], input[type="checkbox"], [role="group"], [role="radiogroup"]');
    none('11.8', 'select, [role="listbox"]');
    const said = new Map<string, Element>();
    for (const button of all('button').filter(seen)) {
      must('11.9', text(button) !== '' && !button.hasAttribute('aria-label'), brief(button));
      must('11.9', !said.has(text(button)), `two buttons say «${text(button)}»`);
      said.set(text(button), button);
      must('11.9', button.hasAttribute('type'), `what it does is left to chance: ${brief(button)}`);
    }

    // 12. Getting around.
    const first = all('a[href], button, input, [tabindex]').find((element) => (element as HTMLElement).tabIndex >= 0);
    must('12.7', first?.matches('a.skip') === true && document.getElementById(first.getAttribute('href')!.slice(1))?.tagName === 'MAIN', `first comes ${first && brief(first)}`);
    // No order but the document's, nothing that takes the focus by itself, no keys of one's own.
    for (const element of all('[tabindex]')) must('12.8', element.getAttribute('tabindex') === '-1', brief(element));
    none('12.9', '[autofocus], dialog, [aria-modal]');
    none('12.10', '[accesskey], [aria-keyshortcuts]');

    // 13. Nothing happens by itself.
    none('13.1', 'meta[http-equiv="refresh"]');
    none('13.2', 'a[target], form[target]');
    none('13.8', 'marquee, blink');
    must('13.9', !/user-scalable\s*=\s*no|maximum-scale/.test(document.querySelector('meta[name="viewport"]')?.getAttribute('content') ?? ''), 'zoom is taken away');
    return found;
  }, lang);
}
