import type { IconNode } from 'lucide';
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { IconButton } from '../parts/button.tsx';
import type { Spot } from '../parts/spot.ts';
import { extra } from '../parts/lazy.tsx';
import { t } from '../words/words.ts';

const AttachMenu = extra(async () => (await import('../menus.ts')).AttachMenu);

/** Photos, the camera where it is at hand, and any file; the system's own pickers do the rest. */
export function AttachButton(props: {
  readonly icon: IconNode;
  readonly onFiles: (files: readonly File[]) => void;
}): VNode {
  const [menu, setMenu] = useState<Spot>();
  const photos = useRef<HTMLInputElement>(null);
  const camera = useRef<HTMLInputElement>(null);
  const anything = useRef<HTMLInputElement>(null);
  const inputs = { photos, camera, anything };
  const take = (event: { readonly currentTarget: HTMLInputElement }): void => {
    const chosen = [...(event.currentTarget.files ?? [])];
    // so that the same file can be chosen once more
    event.currentTarget.value = '';
    if (chosen.length > 0) props.onFiles(chosen);
  };
  return (
    <>
      <IconButton
        label={t('composer.attach')}
        icon={props.icon}
        popup="menu"
        expanded={menu !== undefined}
        onClick={({ currentTarget }) => {
          if (!(currentTarget instanceof Element)) return;
          const { left, top } = currentTarget.getBoundingClientRect();
          setMenu({ x: left, y: top });
        }}
      />
      <input ref={photos} type="file" accept="image/*" multiple hidden data-attach="photos" onChange={take} />
      <input ref={camera} type="file" accept="image/*" capture="environment" hidden onChange={take} />
      <input ref={anything} type="file" multiple hidden data-attach="files" onChange={take} />
      {menu !== undefined && (
        <AttachMenu
          at={menu}
          onClose={() => setMenu(undefined)}
          onPick={(kind) => inputs[kind].current?.click()}
        />
      )}
    </>
  );
}
