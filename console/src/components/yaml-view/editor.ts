import { defaultKeymap } from '@codemirror/commands';
import { yaml } from '@codemirror/lang-yaml';
import { codeFolding, foldGutter, foldKeymap, HighlightStyle, syntaxHighlighting } from '@codemirror/language';
import { highlightSelectionMatches, search, searchKeymap } from '@codemirror/search';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { tags } from '@lezer/highlight';

const highlighting = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: 'var(--accent)' },
  { tag: [tags.string, tags.content, tags.attributeValue], color: 'var(--text)' },
  { tag: [tags.keyword, tags.bool, tags.null, tags.number], color: 'var(--degraded)' },
  { tag: [tags.punctuation, tags.separator, tags.meta, tags.comment], color: 'var(--text-dim)' },
]);

const look = EditorView.theme({
  '&': { height: '100%', fontSize: '12.5px', color: 'var(--text)', backgroundColor: 'var(--surface)' },
  '&.cm-focused': { outline: 'none' },
  '.cm-scroller': { fontFamily: 'var(--mono)', lineHeight: '20px' },
  '.cm-gutters': { color: 'var(--text-dim)', backgroundColor: 'var(--surface)', borderRight: '1px solid var(--line)' },
  '.cm-foldPlaceholder': {
    color: 'var(--text-dim)',
    backgroundColor: 'var(--surface-low)',
    borderColor: 'var(--line)',
  },
  '.cm-selectionMatch': { backgroundColor: 'var(--selected)' },
  '.cm-searchMatch': { backgroundColor: 'var(--mark)' },
  '.cm-panels': { color: 'var(--text)', backgroundColor: 'var(--surface-low)', borderColor: 'var(--line)' },
});

/** A read-only YAML editor: folding, search (Ctrl-F), keyboard and screen reader as in any text field. */
export function openEditor(parent: HTMLElement, options: { text: string; label: string; nonce: string }): EditorView {
  return new EditorView({
    parent,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        EditorView.cspNonce.of(options.nonce),
        EditorState.readOnly.of(true),
        EditorView.contentAttributes.of({ 'aria-label': options.label, 'aria-readonly': 'true', tabindex: '0' }),
        lineNumbers(),
        codeFolding(),
        foldGutter(),
        yaml(),
        syntaxHighlighting(highlighting),
        search({ top: true }),
        highlightSelectionMatches(),
        keymap.of([...searchKeymap, ...foldKeymap, ...defaultKeymap]),
        look,
      ],
    }),
  });
}

/** Takes a new text in; the place that is read stays where it is. */
export function replaceText(editor: EditorView, text: string): void {
  if (editor.state.doc.toString() === text) return;
  const top = editor.scrollDOM.scrollTop;
  editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
  editor.scrollDOM.scrollTop = top;
}
