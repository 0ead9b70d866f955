import { useEffect } from 'react';
import { useMonaco } from '@graphiql/react';

/** Wraps long lines in every editor, which GraphiQL has no prop for. Renders nothing. */
export function EditorOptions() {
  const monaco = useMonaco((state) => state.monaco);
  useEffect(() => {
    if (!monaco) return undefined;
    const wrap = (editor) => editor.updateOptions({ wordWrap: 'on' });
    monaco.editor.getEditors().forEach(wrap);
    const subscription = monaco.editor.onDidCreateEditor(wrap);
    return () => subscription.dispose();
  }, [monaco]);
  return null;
}
