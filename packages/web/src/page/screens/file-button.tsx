import type { IconNode } from 'lucide';
import type { VNode } from 'preact';
import { Icon } from '../parts/icon.tsx';

/** Opens the system's picker of files; the button is the label of an input, so that a keyboard and a reader find an input. */
export function FileButton(props: {
  readonly label: string;
  readonly icon?: IconNode;
  readonly accept?: string;
  readonly onFile: (file: File) => void;
}): VNode {
  return (
    <label class="file-button button plain">
      <input
        type="file"
        class="for-readers"
        accept={props.accept}
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          // the same file can be chosen again after it failed
          event.currentTarget.value = '';
          if (file !== undefined) props.onFile(file);
        }}
      />
      {props.icon !== undefined && <Icon node={props.icon} />}
      <span>{props.label}</span>
    </label>
  );
}
