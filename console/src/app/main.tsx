import '@mantine/core/styles.css';
import '../theme/base.css';
import { MantineProvider } from '@mantine/core';
import { createRoot } from 'react-dom/client';
import { startTexts } from '../i18n/text.ts';
import { styleNonce } from '../theme/nonce.ts';
import { cssVariables, theme } from '../theme/theme.ts';
import { App } from './app.tsx';

const place = document.getElementById('root');
if (place === null) throw new Error('the page has no place for the console');

sessionStorage.removeItem('berth.loads');
await startTexts();
createRoot(place).render(
  <MantineProvider
    theme={theme}
    cssVariablesResolver={cssVariables}
    defaultColorScheme="auto"
    getStyleNonce={styleNonce}
    deduplicateInlineStyles
  >
    <App />
  </MantineProvider>,
);
