#include "demo_city.h"

#include <math.h>

#define PICK(d, table)  (table)[shian_dice((d), SHIAN_COUNT(table))]

/* Where people are, roughly: weight in percent, streets that exist. */
static const struct {
    const char  *name;
    double       lat;
    double       lng;
    double       spread;        /* degrees */
    unsigned     weight;
    const char  *streets[4];
} districts[] = {
    { "锦屏街道", 29.6535, 121.4065, 0.010, 26,
      { "中山路", "体育场路", "南山路", "锦屏南路" } },
    { "岳林街道", 29.6640, 121.4180, 0.012, 24,
      { "岳林东路", "金钟路", "大成东路", "河头路" } },
    { "江口街道", 29.7160, 121.4290, 0.014, 10,
      { "江宁路", "聚潮路", "江口大道", "葭浦西路" } },
    { "西坞街道", 29.6690, 121.4780, 0.012, 7,
      { "西坞东路", "尚桥路", "亭山路", "金水路" } },
    { "萧王庙街道", 29.6720, 121.3330, 0.010, 5,
      { "大埠路", "棠云路", "云溪路", "王家山路" } },
    { "方桥街道", 29.7540, 121.4640, 0.010, 6,
      { "恒祥北路", "方桥东路", "何家路", "下王渡路" } },
    { "溪口镇", 29.6830, 121.2760, 0.012, 9,
      { "武岭西路", "武岭中路", "奉通北路", "应梦路" } },
    { "尚田街道", 29.5750, 121.3720, 0.010, 4,
      { "尚田中路", "鸣雁路", "孙家路", "广平路" } },
    { "莼湖街道", 29.5800, 121.4930, 0.012, 4,
      { "鲒琦路", "莼湖东路", "金港路", "桐照路" } },
    { "裘村镇", 29.5450, 121.6020, 0.010, 2,
      { "裘一路", "甬临路", "黄贤路", "应家棚路" } },
    { "大堰镇", 29.5290, 121.2550, 0.008, 1,
      { "大堰中路", "南溪路", "箭岭路", "常照路" } },
    { "松岙镇", 29.5780, 121.6720, 0.008, 2,
      { "海沿路", "松岙东路", "后山路", "卓兰芳路" } },
};

static const char *const  owners[] = {
    "老王", "阿强", "阿婆", "小李", "陈记", "周记", "胖哥", "阿芳", "老宁波",
    "奉城", "剡溪", "雪窦", "弥勒", "桃花岛", "锦溪", "南山", "同山", "金钟",
    "甬江", "象山湾", "海港", "鲒埼", "蒋家", "毛家", "徐记", "江南", "四季",
    "一品", "好又来", "百味", "聚福", "顺风", "临江", "东门", "西圃", "长汀"
};

static const struct {
    const char  *dish;
    const char  *category;
} dishes[] = {
    { "牛肉面", "面馆" }, { "大排面", "面馆" }, { "海鲜面", "面馆" },
    { "拉面", "面馆" }, { "海鲜", "中餐" }, { "家常菜", "中餐" },
    { "土菜", "中餐" }, { "川菜", "中餐" }, { "湘菜", "中餐" },
    { "酸菜鱼", "中餐" }, { "芋艿头", "地方风味" }, { "千层饼", "地方风味" },
    { "牛肉干面", "地方风味" }, { "麻糍", "地方风味" }, { "火锅", "火锅" },
    { "砂锅", "火锅" }, { "串串香", "火锅" }, { "烧烤", "烧烤" },
    { "烤鱼", "烧烤" }, { "小笼", "早点" }, { "豆浆", "早点" },
    { "包子", "早点" }, { "生煎", "早点" }, { "麻辣烫", "快餐" },
    { "黄焖鸡", "快餐" }, { "米线", "快餐" }, { "炸鸡", "快餐" },
    { "奶茶", "饮品" }, { "咖啡", "饮品" }, { "蛋糕", "烘焙" }
};

static const char *const  endings[] = {
    "馆", "店", "小吃店", "餐厅", "坊", "铺", "饭店", "总店"
};

static const char *const  surnames[] = {
    "王", "陈", "周", "徐", "毛", "蒋", "江", "胡", "林", "沈", "邬", "竺",
    "葛", "方", "俞", "汪"
};

static const char *const  given[] = {
    "建国", "海燕", "志强", "敏", "国平", "丽娜", "雪芬", "伟", "静", "晓东",
    "亚飞", "明", "芳", "杰", "旭光", "爱珍"
};

static const char *const  good[] = {
    "店面干净，桌子擦得很亮，菜也新鲜。", "厨房看得见，师傅都戴着口罩和帽子。",
    "味道好，分量足，餐具是消毒过的。", "老板很客气，地面没有油，会再来。",
    "吃了好几年了，一直很放心。", "海鲜很新鲜，服务也快。"
};

static const char *const  middling[] = {
    "味道可以，高峰时桌子收得慢。", "还行，洗手间可以再干净一点。",
    "菜不错，就是地上有点滑。"
};

static const char *const  bad[] = {
    "桌上有油，筷子没洗干净。", "看到服务员没戴口罩端菜。",
    "垃圾桶满了没人倒，有苍蝇。", "菜里有头发，换了一份才好。"
};


uint64_t
shian_dice(shian_dice_t *d, uint64_t n)
{
    uint64_t  z;

    z = (d->state += 0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;

    return (z ^ z >> 31) % n;
}


void
shian_dice_bytes(shian_dice_t *d, uint8_t *out, size_t n)
{
    while (n-- != 0) {
        *out++ = (uint8_t) shian_dice(d, 256);
    }
}


/* 统一社会信用代码, GB 32100-2015: number i of a county's sole traders. */
static void
make_uscc(uint64_t i, char out[19])
{
    int                i_th, weight, sum;
    const char        *p;
    static const char  digits[] = "0123456789ABCDEFGHJKLMNPQRTUWXY";

    memcpy(out, "92330213MA2", 11);

    for (i_th = 16; i_th >= 11; i_th--) {
        out[i_th] = digits[i % 31];
        i /= 31;
    }

    sum = 0;
    weight = 1;

    for (i_th = 0; i_th < 17; i_th++) {
        p = memchr(digits, out[i_th], 31);
        sum += (int) (p - digits) * weight;
        weight = weight * 3 % 31;
    }

    out[17] = digits[(31 - sum % 31) % 31];
    out[18] = '\0';
}


/* 食品经营许可证: catering, county 330213, number i; MOD 11,10. */
static void
make_licence(uint64_t i, char out[17])
{
    int  k, p;

    memcpy(out, "JY2330213", 9);

    for (k = 14; k >= 9; k--) {
        out[k] = (char) ('0' + i % 10);
        i /= 10;
    }

    p = 10;

    for (k = 2; k < 15; k++) {
        p = (p + out[k] - '0') % 10;
        p = (p == 0 ? 10 : p) * 2 % 11;
    }

    out[15] = (char) ('0' + (11 - p) % 10);
    out[16] = '\0';
}


static size_t
pick_district(shian_dice_t *d)
{
    size_t    i;
    uint64_t  at;

    at = shian_dice(d, 100);

    for (i = 0; i + 1 < SHIAN_COUNT(districts); i++) {
        if (at < districts[i].weight) {
            break;
        }
        at -= districts[i].weight;
    }

    return i;
}


/* Near the middle more than at the rim. */
static double
offset(shian_dice_t *d, double spread)
{
    return ((double) shian_dice(d, 10001) + (double) shian_dice(d, 10001)
            - 10000) / 10000 * spread;
}


bool
shian_demo_venue(shian_dice_t *d, shian_arena_t *a, uint64_t i,
    int32_t today, Shian__Venue *v)
{
    char    uscc[19], licence[17];
    size_t  where, what;

    where = pick_district(d);
    what = shian_dice(d, SHIAN_COUNT(dishes));

    v->name = shian_printf(a, "%s%s%s", PICK(d, owners), dishes[what].dish,
                           PICK(d, endings));
    v->address = shian_printf(a, "%s%s%u号",
                              districts[where].name,
                              PICK(d, districts[where].streets),
                              (unsigned) (1 + shian_dice(d, 480)));
    v->district = shian_printf(a, "%s", districts[where].name);
    v->category = shian_printf(a, "%s", dishes[what].category);
    v->phone = shian_printf(a, "0574-88%06u",
                            (unsigned) shian_dice(d, 1000000));

    make_uscc(i * 7919 + 31, uscc);
    make_licence(i, licence);
    v->uscc = shian_printf(a, "%s", uscc);
    v->licence_no = shian_printf(a, "%s", licence);
    v->ref = shian_printf(a, "FH%06llu", (unsigned long long) i);
    v->source = shian_printf(a, "demo");

    v->has_lat = v->has_lng = 1;
    v->lat = round((districts[where].lat
                    + offset(d, districts[where].spread)) * 1e6) / 1e6;
    v->lng = round((districts[where].lng
                    + offset(d, districts[where].spread * 1.15)) * 1e6) / 1e6;

    v->has_opened_on = 1;
    v->opened_on = today - 420 - (int32_t) shian_dice(d, 4000);

    return v->name != NULL && v->address != NULL && v->district != NULL
           && v->category != NULL && v->phone != NULL && v->uscc != NULL
           && v->licence_no != NULL && v->ref != NULL && v->source != NULL;
}


const char *
shian_demo_words(shian_dice_t *d, uint32_t stars)
{
    return stars >= 4 ? PICK(d, good) : stars == 3 ? PICK(d, middling)
           : PICK(d, bad);
}


char *
shian_demo_person(shian_dice_t *d, shian_arena_t *a)
{
    const char  *surname;

    surname = PICK(d, surnames);

    return shian_printf(a, "%s%s", surname, PICK(d, given));
}


const char *
shian_demo_district(size_t i)
{
    return i < SHIAN_COUNT(districts) ? districts[i].name : NULL;
}
