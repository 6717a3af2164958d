export type Language = 'en' | 'zh-TW';
export type Translated = Readonly<Record<Language, string>>;

export interface Product {
  readonly id: string;
  readonly name: Translated;
  readonly description: Translated;
  /** New Taiwan dollars, whole. */
  readonly price: number;
}

function product(id: string, price: number, english: [string, string], chinese: [string, string]): Product {
  return {
    id,
    price,
    name: { en: english[0], 'zh-TW': chinese[0] },
    description: { en: english[1], 'zh-TW': chinese[1] },
  };
}

/** What the shop sells. */
export const products: readonly Product[] = [
  product(
    'enamel-mug',
    380,
    ['Enamel mug', 'Two coats of enamel on steel, a navy rim, and no fear of falling off a jetty. Holds 350 ml.'],
    ['琺瑯杯', '鋼胎兩道琺瑯、深藍杯緣，從碼頭掉下去也不怕。容量 350 毫升。'],
  ),
  product(
    'storm-lantern',
    1280,
    ['Storm lantern', 'A brass lantern for windy evenings. Burns for twelve hours and folds flat for the pack.'],
    ['防風提燈', '為起風的夜晚準備的黃銅提燈，可點亮十二小時，收摺後平放入包。'],
  ),
  product(
    'rain-jacket',
    2680,
    ['Rain jacket', 'Waxed cotton in harbour yellow, taped seams, pockets deep enough for both hands and a sandwich.'],
    ['雨衣外套', '港邊黃上蠟棉布，接縫全面壓膠，口袋深得放得下雙手和一個三明治。'],
  ),
  product(
    'mooring-rope',
    560,
    ['Mooring rope', 'Ten metres of three-strand rope, spliced by hand. Ties up boats, swings and heavy parcels.'],
    ['繫泊繩', '十公尺三股繩，手工編結。能繫船、綁鞦韆，也能捆大包裹。'],
  ),
  product(
    'pocket-compass',
    890,
    ['Pocket compass', 'A liquid-filled compass that settles in three seconds. North is included at no extra charge.'],
    ['口袋羅盤', '充液式羅盤，三秒內定向。北方免費附贈。'],
  ),
  product(
    'wool-blanket',
    1980,
    ['Wool blanket', 'Woven from recycled wool in the colours of the tide. Large enough for two on a bench.'],
    ['羊毛毯', '以回收羊毛織成潮汐的顏色，長椅上兩個人蓋也夠大。'],
  ),
  product(
    'oolong-tea',
    420,
    [
      'High-mountain oolong',
      'Spring harvest from 1,500 metres, roasted lightly. Seventy-five grams in a tin that keeps.',
    ],
    ['高山烏龍茶', '海拔一千五百公尺春茶，輕焙火。七十五公克鐵罐裝，密封耐放。'],
  ),
  product(
    'logbook',
    320,
    ['Logbook', 'One hundred and ninety-two pages that lie flat, thread-bound, with a place for wind and weather.'],
    ['航海日誌', '一百九十二頁、穿線裝訂可完全攤平，還留了一欄記風向與天氣。'],
  ),
  product(
    'canvas-tote',
    650,
    ['Canvas tote', 'Heavy sailcloth, double stitched, with handles that do not cut. Carries a week of groceries.'],
    ['帆布托特包', '厚磅帆布、雙車縫線，提把不勒手，一週的菜都裝得下。'],
  ),
];
