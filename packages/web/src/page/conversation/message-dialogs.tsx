import type { VNode } from 'preact';
import type { MessageDialog } from './talk.ts';
import { DeleteDialog } from './delete-dialog.tsx';
import { DetailsDialog } from './details-dialog.tsx';
import { ForwardDialog } from './forward-dialog.tsx';
import { ReactDialog } from './react-dialog.tsx';

/** The dialogs about one message. They come together, when the first of them is asked for. */
export function MessageDialogs(props: {
  readonly dialog: MessageDialog;
  readonly onClose: () => void;
}): VNode {
  const { kind, message } = props.dialog;
  switch (kind) {
    case 'delete':
      return <DeleteDialog message={message} onClose={props.onClose} />;
    case 'details':
      return <DetailsDialog message={message} onClose={props.onClose} />;
    case 'forward':
      return <ForwardDialog message={message} onClose={props.onClose} />;
    case 'react':
      return <ReactDialog message={message} onClose={props.onClose} />;
  }
}
