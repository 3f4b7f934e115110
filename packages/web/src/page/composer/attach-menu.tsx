import { Camera, File as FileIcon, Image, type IconNode } from 'lucide';
import type { VNode } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { hasKeyboard } from '../keys.ts';
import { IconButton } from '../parts/button.tsx';
import type { Spot } from '../parts/context-menu.ts';
import { Menu } from '../parts/menu.tsx';
import { t } from '../words/index.ts';

/** Photos, the camera where it is at hand, and any file; the system's own pickers do the rest. */
export function AttachMenu(props: {
  readonly icon: IconNode;
  readonly onFiles: (files: readonly File[]) => void;
}): VNode {
  const [menu, setMenu] = useState<Spot>();
  const photos = useRef<HTMLInputElement>(null);
  const camera = useRef<HTMLInputElement>(null);
  const anything = useRef<HTMLInputElement>(null);
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
        <Menu
          label={t('composer.attach')}
          at={menu}
          onClose={() => setMenu(undefined)}
          items={[
            { label: t('composer.photo'), icon: Image, onSelect: () => photos.current?.click() },
            ...(hasKeyboard()
              ? []
              : [{ label: t('composer.camera'), icon: Camera, onSelect: () => camera.current?.click() }]),
            { label: t('composer.file'), icon: FileIcon, onSelect: () => anything.current?.click() },
          ]}
        />
      )}
    </>
  );
}
