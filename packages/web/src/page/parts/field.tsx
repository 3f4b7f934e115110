import type { Ref, VNode } from 'preact';
import { useId } from 'preact/hooks';

export interface FieldProps {
  readonly label: string;
  readonly value: string;
  readonly onInput: (value: string) => void;
  readonly type?: 'text' | 'search' | 'password' | 'url';
  readonly hint?: string;
  readonly error?: string | undefined;
  readonly placeholder?: string;
  /** for screen readers only, where the place says what it is */
  readonly labelHidden?: boolean;
  readonly autofocus?: boolean;
  readonly autocomplete?: 'off' | 'name' | 'new-password' | 'current-password';
  readonly maxLength?: number;
  readonly required?: boolean;
  readonly inputRef?: Ref<HTMLInputElement>;
}

/** One line of text with its label, and what is wrong with it in words. */
export function Field(props: FieldProps): VNode {
  const id = useId();
  const noteId = `${id}-note`;
  const note = props.error ?? props.hint;
  return (
    <div class="field">
      <label for={id} class={props.labelHidden === true ? 'for-readers' : undefined}>
        {props.label}
      </label>
      <input
        id={id}
        ref={props.inputRef ?? null}
        type={(props.type ?? 'text') as 'text'}
        value={props.value}
        dir="auto"
        placeholder={props.placeholder}
        autofocus={props.autofocus}
        autocomplete={props.autocomplete ?? 'off'}
        maxLength={props.maxLength}
        required={props.required}
        aria-invalid={props.error === undefined ? undefined : 'true'}
        aria-describedby={note === undefined ? undefined : noteId}
        onInput={(event) => props.onInput(event.currentTarget.value)}
      />
      {note !== undefined && (
        <p
          id={noteId}
          class={props.error === undefined ? 'note' : 'note error'}
          role={props.error === undefined ? undefined : 'alert'}
        >
          {note}
        </p>
      )}
    </div>
  );
}
