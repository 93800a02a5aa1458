/** Says before joining, in plain words, that the call is transcribed and what becomes of what is said. */
import type { CallNotice } from '../door/api';
import { useLanguage } from '../language/useLanguage';
import { Icon } from '../parts/Icon';

export function TranscriptionNotice({ notice }: { notice: CallNotice }) {
  const { t } = useLanguage();
  if (!notice.transcribed) {
    return (
      <p className="notice notice-none">
        <Icon name="info" />
        {t.notice.none}
      </p>
    );
  }
  return (
    <section className="notice" aria-labelledby="notice-title">
      <h2 id="notice-title">
        <Icon name="record" />
        {t.notice.title}
      </h2>
      <p>{t.notice.text}</p>
      <p>
        {notice.sound_kept === true && `${t.notice.soundKept} `}
        {notice.sound_kept === false && `${t.notice.soundErased} `}
        {t.notice.notRecorded}
      </p>
      <p>{t.notice.staySilent}</p>
    </section>
  );
}
