/** A text editor for YAML with problems at their lines. Loaded only where somebody edits a policy. */
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { yaml } from "@codemirror/lang-yaml";
import { HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { type Diagnostic, lintGutter, lintKeymap, setDiagnostics } from "@codemirror/lint";
import { Compartment, EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { type Ref, useEffect, useImperativeHandle, useRef } from "react";
import type { Problem } from "./records";

export interface YamlHandle {
  /** Puts the cursor there, and the page's focus into the text. */
  goTo: (line: number, column: number) => void;
}

interface Props {
  ref?: Ref<YamlHandle>;
  value: string;
  onChange: (text: string) => void;
  problems: readonly Problem[];
  label: string;
  /** the element that says how it stands */
  describedBy: string;
}

const colours = HighlightStyle.define([
  { tag: tags.definition(tags.propertyName), color: "var(--yaml-key)" },
  { tag: tags.propertyName, color: "var(--yaml-key)" },
  { tag: tags.comment, color: "var(--quiet)", fontStyle: "italic" },
]);

const look = EditorView.theme({
  "&": { border: "1px solid var(--line)", borderRadius: "8px", background: "var(--surface)", fontSize: "13px" },
  "&.cm-focused": { outline: "2px solid var(--mantine-primary-color-filled)", outlineOffset: "1px" },
  ".cm-scroller": { fontFamily: "var(--mantine-font-family-monospace)", lineHeight: "1.55", minHeight: "18rem", maxHeight: "calc(100dvh - 19rem)" },
  ".cm-content": { caretColor: "currentColor" },
  ".cm-cursor": { borderLeftColor: "currentColor" },
  ".cm-gutters": { background: "transparent", color: "var(--quiet)", border: "none" },
  ".cm-activeLine": { background: "color-mix(in srgb, var(--hover) 55%, transparent)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": {
    background: "color-mix(in srgb, var(--mantine-primary-color-filled) 28%, transparent) !important",
  },
  ".cm-tooltip": {
    background: "var(--surface)",
    color: "var(--mantine-color-text)",
    border: "1px solid var(--line)",
    borderRadius: "6px",
    maxWidth: "32rem",
    whiteSpace: "pre-wrap",
  },
  ".cm-diagnostic-error": { borderLeftColor: "var(--error)" },
});

/** What the text has in place of a problem: its line, from its column on. */
function diagnostics(view: EditorView, problems: readonly Problem[]): Diagnostic[] {
  return problems.map(({ line = 1, column = 1, message }) => {
    const at = view.state.doc.line(Math.min(line, view.state.doc.lines));
    const from = Math.min(at.from + column - 1, at.to);
    return { from, to: at.to, severity: "error", message };
  });
}

export default function YamlEditor({ ref, value, onChange, problems, label, describedBy }: Props) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView>(null);
  const told = useRef(onChange);
  const named = useRef(new Compartment());
  told.current = onChange;

  useEffect(() => {
    if (place.current === null) return;
    const made = new EditorView({
      parent: place.current,
      state: EditorState.create({
        doc: value,
        extensions: [
          lineNumbers(),
          history(),
          drawSelection(),
          highlightActiveLine(),
          indentOnInput(),
          yaml(),
          syntaxHighlighting(colours),
          lintGutter(),
          // Tab is left to the page: whoever uses the keyboard alone must get out again
          keymap.of([...lintKeymap, ...defaultKeymap, ...historyKeymap]),
          EditorView.lineWrapping,
          look,
          named.current.of([]),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) told.current(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = made;
    return () => made.destroy();
    // the text that comes later is put in below
  }, []);

  useEffect(() => {
    const attributes = {
      "aria-label": label,
      "aria-describedby": describedBy,
      "aria-invalid": String(problems.length > 0),
      "data-testid": "policy-text",
      spellcheck: "false",
    };
    view.current?.dispatch({ effects: named.current.reconfigure(EditorView.contentAttributes.of(attributes)) });
  }, [label, describedBy, problems.length]);

  useEffect(() => {
    const doc = view.current?.state.doc;
    if (doc === undefined || doc.toString() === value) return;
    view.current?.dispatch({ changes: { from: 0, to: doc.length, insert: value } });
  }, [value]);

  useEffect(() => {
    if (view.current !== null) view.current.dispatch(setDiagnostics(view.current.state, diagnostics(view.current, problems)));
  }, [problems]);

  useImperativeHandle(ref, () => ({
    goTo: (line, column) => {
      const made = view.current;
      if (made === null) return;
      const at = made.state.doc.line(Math.min(line, made.state.doc.lines));
      made.dispatch({ selection: { anchor: Math.min(at.from + column - 1, at.to) }, scrollIntoView: true });
      made.focus();
    },
  }));

  return <div ref={place} data-testid="policy-editor" />;
}
