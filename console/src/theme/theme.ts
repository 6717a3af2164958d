import { type CSSVariablesResolver, createTheme, type MantineColorsTuple } from '@mantine/core';

/** The one accent: ink. Shade 6 carries white text, shade 3 stands on the dark surfaces, both above 4.5 : 1. */
const ink: MantineColorsTuple = [
  '#eef0fd',
  '#dde1fa',
  '#bcc4f6',
  '#98a5f3',
  '#7686ea',
  '#5768e0',
  '#3d4ed8',
  '#3340b8',
  '#293494',
  '#1f2872',
];

/** Mantine's greys on the console's dark surfaces; 4 borders controls at 3 : 1. */
const dark: MantineColorsTuple = [
  '#e4e8ee',
  '#c3cad4',
  '#9aa5b4',
  '#7d8897',
  '#5d6878',
  '#272d37',
  '#191d24',
  '#14171d',
  '#0f1216',
  '#0a0c0f',
];

export const theme = createTheme({
  colors: { ink, dark },
  primaryColor: 'ink',
  primaryShade: { light: 6, dark: 5 },
  fontFamily:
    'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans TC", "Noto Sans CJK TC", "PingFang TC", "Microsoft JhengHei", sans-serif',
  fontFamilyMonospace:
    'ui-monospace, "SF Mono", "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, "Noto Sans TC", monospace',
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  lineHeights: { xs: '1.5', sm: '1.5', md: '1.5', lg: '1.5', xl: '1.4' },
  defaultRadius: 4,
  respectReducedMotion: true,
  focusRing: 'auto',
  components: {
    Button: { defaultProps: { fw: 500 } },
    Checkbox: { styles: { body: { alignItems: 'center' }, label: { paddingInlineStart: 6 } } },
    Tooltip: { defaultProps: { openDelay: 400, withArrow: false, events: { hover: true, focus: true, touch: false } } },
    Menu: { defaultProps: { shadow: 'md', transitionProps: { duration: 100 } } },
    Popover: { defaultProps: { shadow: 'md', transitionProps: { duration: 100 } } },
  },
});

/** Mantine's own surfaces take the console's colours (`base.css`). */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: shared,
  dark: shared,
});

const shared = {
  '--mantine-color-body': 'var(--surface)',
  '--mantine-color-text': 'var(--text)',
  '--mantine-color-dimmed': 'var(--text-dim)',
  '--mantine-color-default': 'var(--surface)',
  '--mantine-color-default-border': 'var(--control)',
  '--mantine-color-default-hover': 'var(--hover)',
  '--mantine-color-placeholder': 'var(--text-dim)',
  '--mantine-color-anchor': 'var(--accent)',
};
