import { Button } from '@mantine/core';
import { Component, type ReactNode } from 'react';
import { Notice } from '../components/notice.tsx';
import { useText } from '../i18n/text.ts';

/** A page that fails leaves the shell standing, and says what to do. */
export class ErrorBoundary extends Component<{ children: ReactNode }, { error: Error | undefined }> {
  override state: { error: Error | undefined } = { error: undefined };

  static getDerivedStateFromError(error: Error) {
    return { error };
  }

  override render() {
    return this.state.error === undefined ? this.props.children : <PageFailed error={this.state.error} />;
  }
}

function PageFailed({ error }: { error: Error }) {
  const { t } = useText();
  return (
    <Notice
      urgent
      title={t('app.failed.title')}
      next={t('app.failed.next')}
      detail={error.message}
      action={
        <Button size="xs" onClick={() => location.reload()}>
          {t('app.reload')}
        </Button>
      }
    />
  );
}
