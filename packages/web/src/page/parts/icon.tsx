import type { IconNode } from 'lucide';
import { h, type VNode } from 'preact';

export interface IconProps {
  /** imported by name from `lucide`: `import { Send } from 'lucide'` */
  readonly node: IconNode;
  /** the name a screen reader says; without it the icon is decoration */
  readonly label?: string;
  readonly class?: string;
}

/** A drawing in the colour and height of the text around it. */
export function Icon({ node, label, class: className }: IconProps): VNode {
  return (
    <svg
      class={className === undefined ? 'icon' : `icon ${className}`}
      viewBox="0 0 24 24"
      role={label === undefined ? undefined : 'img'}
      aria-label={label}
      aria-hidden={label === undefined ? 'true' : undefined}
    >
      {label !== undefined && <title>{label}</title>}
      {node.map(([tag, attributes]) => h(tag, { ...attributes }))}
    </svg>
  );
}
