/** Where a chat message is written; what could not be sent stays, with a word about it. */
import { useEffect, useRef, useState } from 'react';
import type { SyntheticEvent } from 'react';
import { useLanguage } from '../language/useLanguage';

const MAX_CHARACTERS = 2000;

interface ChatFormProps {
  sending: boolean;
  onSend: (text: string) => Promise<unknown>;
}

export function ChatForm({ sending, onSend }: ChatFormProps) {
  const { t } = useLanguage();
  const [text, setText] = useState('');
  const [failed, setFailed] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);

  const send = async () => {
    const message = text.trim();
    if (message === '' || sending) return;
    setFailed(false);
    try {
      await onSend(message);
      setText('');
    } catch {
      setFailed(true);
    }
  };

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    void send();
  };

  return (
    <form className="chat-form" onSubmit={submit}>
      <label htmlFor="chat-input">{t.chat.inputLabel}</label>
      <div className="chat-form-line">
        <input
          ref={input}
          id="chat-input"
          type="text"
          autoComplete="off"
          maxLength={MAX_CHARACTERS}
          value={text}
          onChange={(event) => setText(event.target.value)}
        />
        <button type="submit" className="button">
          {t.chat.send}
        </button>
      </div>
      {failed && (
        <p role="alert" className="field-error">
          {t.chat.failed}
        </p>
      )}
    </form>
  );
}
