import { ShieldCheck, ShieldQuestion } from 'lucide';
import type { ContactView } from '@tern/core';
import type { PersonId } from '@tern/protocol';
import type { VNode } from 'preact';
import { useState } from 'preact/hooks';
import { useApp } from '../context.ts';
import { Avatar } from '../parts/avatar.tsx';
import { Button } from '../parts/button.tsx';
import { Field } from '../parts/field.tsx';
import { Icon } from '../parts/icon.tsx';
import { EmptyState, ScreenHead } from '../parts/pieces.tsx';
import { t, tame } from '../words/words.ts';
import { ContactActions } from './contact-actions.tsx';
import { CompareDialog } from './contact-compare.tsx';
import { SafetyNumber, Section } from './pieces.tsx';
import { useTask } from './task.ts';

/** Somebody: what they are called here, whether it is really them, and what can be done about them. */
export function ContactScreen({ person }: { readonly person: PersonId }): VNode {
  const { state } = useApp();
  const contact = state.contacts.value.get(person);
  return (
    <div class="screen">
      <ScreenHead title={contact === undefined ? t('contact.title') : tame(contact.name)} />
      <div class="screen-body">
        {contact === undefined ? (
          <EmptyState icon={ShieldQuestion} title={t('contact.gone')} />
        ) : (
          <div class="screen-column">
            <ContactHead contact={contact} />
            <Trust contact={contact} />
            <Name key={contact.name} contact={contact} />
            <ContactActions contact={contact} />
          </div>
        )}
      </div>
    </div>
  );
}

function ContactHead({ contact }: { readonly contact: ContactView }): VNode {
  const { nav } = useApp();
  return (
    <div class="contact-head">
      <Avatar id={contact.person} name={contact.name} size="large" />
      <div class="contact-names">
        <p class="contact-name" dir="auto">
          {tame(contact.name)}
        </p>
        {contact.ownName !== contact.name && (
          <p class="note">{t('contact.ownName', { name: contact.ownName })}</p>
        )}
        <p class="note">{t(stateWord(contact))}</p>
      </div>
      <Button onClick={() => nav.go({ kind: 'conversation', id: contact.conversation })}>
        {t('contact.write')}
      </Button>
    </div>
  );
}

function stateWord({
  blocked,
  state,
}: ContactView): 'contact.blocked' | 'contact.waiting' | 'contact.connected' {
  if (blocked) return 'contact.blocked';
  return state === 'waiting' ? 'contact.waiting' : 'contact.connected';
}

function Trust({ contact }: { readonly contact: ContactView }): VNode {
  const { api, announcer } = useApp();
  const [comparing, setComparing] = useState(false);
  const task = useTask();
  const verify = (verified: boolean): void =>
    task.run(async () => {
      await api.verify(contact.person, verified);
      announcer.show({ text: t(verified ? 'contact.nowVerified' : 'contact.nowUnverified') });
    });
  return (
    <Section title={t('contact.safety')}>
      <p class={contact.verified ? 'trust well' : 'trust'}>
        <Icon node={contact.verified ? ShieldCheck : ShieldQuestion} />
        <span>{t(contact.verified ? 'contact.verified' : 'contact.unverified', { name: contact.name })}</span>
      </p>
      <SafetyNumber digits={contact.safetyNumber} label={t('contact.safety')} />
      <p class="note">{t('contact.safetyWhat', { name: contact.name })}</p>
      <div class="actions">
        <Button kind={contact.verified ? 'plain' : 'primary'} onClick={() => setComparing(true)}>
          {t('contact.compare')}
        </Button>
        <Button busy={task.busy} onClick={() => verify(!contact.verified)}>
          {t(contact.verified ? 'contact.unverify' : 'contact.verify')}
        </Button>
      </div>
      {task.trouble !== undefined && (
        <p class="note error" role="alert">
          {t('safety.failed')}
        </p>
      )}
      {comparing && (
        <CompareDialog
          contact={contact}
          onVerify={() => {
            setComparing(false);
            verify(true);
          }}
          onClose={() => setComparing(false)}
        />
      )}
    </Section>
  );
}

function Name({ contact }: { readonly contact: ContactView }): VNode {
  const { api, announcer } = useApp();
  const [name, setName] = useState(contact.name);
  const task = useTask();
  const changed = name.trim() !== contact.name;
  return (
    <Section title={t('contact.name')} note={t('contact.nameWhat')}>
      <form
        class="inline-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (!changed) return;
          task.run(async () => {
            await api.rename(contact.person, name.trim());
            announcer.speak(t('contact.renamed'));
          });
        }}
      >
        <Field
          label={t('contact.nameField')}
          labelHidden
          value={name}
          placeholder={tame(contact.ownName)}
          onInput={setName}
          error={task.trouble && t('contact.nameRefused')}
        />
        <Button type="submit" busy={task.busy} disabled={!changed}>
          {t('common.save')}
        </Button>
      </form>
    </Section>
  );
}
