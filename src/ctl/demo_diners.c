/*
 * What complainants and the bureau write in the demo city.
 */

#include "demo_story.h"

#define PICK(d, table)  (table)[shian_dice((d), SHIAN_COUNT(table))]

/* Major breaches first, disputes last: stories name them by their place. */
const shian_subject_t  shian_subjects[] = {
    { "pests", "P1",
      { "吃饭的时候墙角跑过一只蟑螂，叫服务员来看，她说天热难免。",
        "上厕所路过后厨，看见灶台边有老鼠，跟老板说了也没当回事。",
        "苍蝇一直停在凉菜上，赶都赶不走。" },
      { "A cockroach ran along the wall while we ate. The waitress said that "
        "happens in summer.",
        "Flies on the cold dishes all evening; nobody covered them." },
      "有消费者反映店内有虫害，请检查防鼠防蝇设施。" },
    { "tableware", "E1",
      { "碗底有没洗掉的饭粒，换了一个还是油的。",
        "消毒柜一直是关着的，餐具摸上去黏黏的。",
        "筷子发霉了，拿给店员看，说洗洗就好。" },
      { "Bowls were greasy twice in a row, and the disinfection cabinet was "
        "switched off.",
        "Lipstick on my cup. They changed it, but the next one was stained "
        "too." },
      "有消费者反映餐具不干净，请检查消毒设备和记录。" },
    { "spoiled", "E2",
      { "点的红烧肉有股酸味，服务员说是调料的味道，吃了两口不敢吃了。",
        "白灼虾明显不新鲜，虾头发黑，退的时候老板还不高兴。",
        "外带的凉皮回家打开是馊的，买了不到一小时。" },
      { "The braised pork smelt sour. We were told it was the seasoning.",
        "The prawns had black heads and were not fresh at all." },
      "有消费者反映食材不新鲜，请检查冷藏温度和保质期。" },
    { "dirty", "P2",
      { "后厨门开着，地上全是污水，菜筐直接放在水里。",
        "桌子黏手，地面滑得差点摔倒，卫生间没有洗手液。",
        "天花板在滴水，滴到我们桌上，墙角都黑了。" },
      { "The kitchen door was open: waste water on the floor and vegetable "
        "baskets standing in it.",
        "Sticky tables, a slippery floor, no soap in the toilet." },
      "有消费者反映后厨地面和墙面不干净，请清洁并自查。" },
    { "foreign", "E6",
      { "面里吃出一截钢丝球，差点划到孩子的嘴。",
        "炒青菜里有一条虫，照片我拍了。",
        "汤喝到一半发现一根长头发，换了一碗还有。" },
      { "A piece of steel wool in the noodles. My child nearly swallowed it.",
        "There was an insect in the greens; I took a photo." },
      "有消费者反映菜里有异物，请检查清洁和防护。" },
    { "staff", "S3",
      { "切熟食的师傅没戴手套，刚收完钱就直接抓鸭子。",
        "后厨的人边炒菜边抽烟，帽子口罩都没有。",
        "服务员一直咳嗽，没戴口罩，手捂了嘴就去端菜。" },
      { "The man cutting roast duck took cash and then touched the meat with "
        "bare hands.",
        "The cook was smoking over the wok, no cap, no mask." },
      "有消费者反映从业人员没戴口罩帽子，请对照制度自查。" },
    { "waste", "W2",
      { "泔水桶就放在店门口，没有盖，整条街都是味道。",
        "油烟直接排到楼道，我们楼上没法开窗。",
        "每天晚上把污水倒进雨水井，邻居都看到过。" },
      { "Swill buckets stand open in front of the door and the whole street "
        "smells.",
        "Fumes go straight into our stairwell; we cannot open a window." },
      "有居民反映垃圾和油烟扰人，请规范收集和排放。" },
    { "plaque", "N1",
      { "店里找不到食安码，问了说撕掉了。",
        "扫门口的码打开的是另一家店。",
        "码牌贴在收银台后面，够不着也扫不开。" },
      { "There is no plaque in the shop; they said it fell off.",
        "The code at the door opens the page of another place." },
      "有消费者反映食安码扫不开，请检查码牌。" },
    { "licence", "L3",
      { "墙上的许可证没有冷食项目，却一直在卖凉菜和生腌。",
        "外卖页面上的证照名字和这家店对不上。",
        "早上开的包子铺，没看到任何证照。" },
      { "They sell raw marinated crab, but the licence on the wall covers no "
        "cold dishes.",
        "The licence on the delivery page has another name on it." },
      "有消费者反映经营项目和许可证不符，请备好证照。" },
    { "illness", "E2",
      { "一家三口中午吃完，晚上都上吐下泻，去了医院，病历还在。",
        "吃了这家的海鲜面半夜拉肚子，同事也是。",
        "孩子吃了凉拌黄瓜发烧呕吐，医生说是急性肠胃炎。" },
      { "All three of us were sick the same night. We have the hospital "
        "records.",
        "Two colleagues and I had diarrhoea after the seafood noodles." },
      "有消费者用餐后身体不适，请保留留样和进货记录。" },
    { "banned", "P7",
      { "牛肉吃起来像是猪肉加香精做的，价格却按牛肉收。",
        "豆芽白得不正常，怀疑泡过药水。",
        "卤味颜色特别红，问用了什么色素，店家说不知道。" },
      { "The beef tasted like flavoured pork, at the price of beef.",
        "The stewed meat was bright red and nobody could say why." },
      "有消费者反映食材和添加剂问题，请备好票据和使用记录。" },
    { "other", "D2",
      { "包间里有人抽烟，店家不管，孩子一直咳嗽。",
        "宠物狗在餐桌之间跑，还舔了地上的盘子。",
        "打包盒一股塑料味，倒热汤进去盒子都软了。" },
      { "A dog ran between the tables and licked a plate on the floor.",
        "People smoke in the private rooms and the owner does nothing." },
      "有消费者反映店堂管理问题，请自查。" },
    { "price", NULL,
      { "标价 58 元一斤的鱼，结账变成 88，说是野生的。",
        "点的一斤虾我带回去称只有七两。",
        "没说要收餐位费，结账多了 20 块。" },
      { "The fish was marked 58 yuan and billed at 88, 'because it is "
        "wild'.",
        "I weighed the pound of prawns at home: 350 grams." },
      "有消费者对价格或分量有异议，请提供点单和结账记录。" },
    { "claims", NULL,
      { "菜单写的是象山白蟹，端上来的明显是冷冻的。",
        "外卖页面写送饮料，到手没有，商家说活动结束了。",
        "门口写着现磨豆浆，其实是冲的粉。" },
      { "The menu says fresh local crab; what came was plainly frozen.",
        "The delivery page promises a free drink. It did not come." },
      "有消费者反映宣传和实际不符，请提供说明。" },
    { "refund", NULL,
      { "充了 500 块的卡，说好随时能退，现在老板不接电话。",
        "婚宴定金 2000，提前两个月取消，一分不退。",
        "外卖送错了不给退款，客服和店家互相推。" },
      { "I put 500 yuan on a card that 'can be refunded at any time'. Now "
        "nobody answers.",
        "They keep our deposit of 2,000 although we cancelled two months "
        "ahead." },
      "有消费者因退款与你店发生争议，请联系协商。" }
};

static const char *const  written[][3] = {
    [SHIAN_WRITE_ACCEPT] = {
        "材料齐全，属本局管辖，予以受理。", "已电话核实基本情况，予以受理。",
        "事实线索清楚，予以受理。" },
    [SHIAN_WRITE_DISPATCH] = {
        "请到现场核查，拍照取证，查看进货和消毒记录。",
        "请到店了解情况，听取双方说法。", "请尽快到现场，注意保护举报人信息。" },
    [SHIAN_WRITE_FOUND] = {
        "现场检查发现与反映情况一致，已拍照。", "情况属实，店家当场承认。",
        "查看监控和记录，反映的问题存在。" },
    [SHIAN_WRITE_NOT_FOUND] = {
        "现场检查未发现所反映的情况。", "查看了监控、票据和留样，未见异常。",
        "后厨和店堂整洁，记录齐全，未发现问题。" },
    [SHIAN_WRITE_HELD] = {
        "经现场核查，您反映的问题属实，已责令商家限期整改，我们会复查。",
        "您反映的情况存在，商家已在整改，期限内完成后我们上门验收。",
        "感谢您的监督。问题属实，已要求立即改正。" },
    [SHIAN_WRITE_NOT_HELD] = {
        "经现场核查，未发现您反映的问题。感谢您的监督，如有新的线索请补充。",
        "我们查看了现场和记录，没有证据支持所反映的问题。谢谢您的关心。",
        "现场未见您反映的情况，已提醒商家注意。" },
    [SHIAN_WRITE_SETTLED] = {
        "经调解，商家退还差价并当面道歉，双方达成一致。",
        "情况属实，商家同意退款，三日内到账。",
        "商家承认说明不清，已更正并补偿。" },
    [SHIAN_WRITE_CLOSE] = {
        "已答复，办结。", "整改已核实，办结。", "双方无异议，办结。" },
    [SHIAN_WRITE_MERGE] = {
        "与同一商家同一事由的记录合并办理。", "同一事由，合并办理，结果一并答复。",
        "与前一件为同一次用餐，合并办理。" },
    [SHIAN_WRITE_NOTE] = {
        "已电话联系，请对方补充小票和照片。", "已收到，先了解情况。",
        "已联系店家，留存当天留样。" },
    [SHIAN_WRITE_EXTEND] = {
        "样品已送检，等待检验结果，依法延长。", "需要检验检测，依法延长十五个工作日。",
        "案情复杂，依法延长十五个工作日。" },
    [SHIAN_WRITE_LOOK] = {
        "核实用餐时间和经过", "约定调解时间", "请补充小票" },
    [SHIAN_WRITE_CASE] = {
        "现场查实，责令改正后仍未改正，建议立案。", "证据充分，涉嫌违法，予以立案。",
        "多次被投诉且查证属实，予以立案。" },
    [SHIAN_WRITE_ADD] = {
        "补充一张照片，是当时拍的。", "小票找到了，上面有时间。",
        "今天路过又看了一眼，还是老样子。" },
    [SHIAN_WRITE_REOPEN] = {
        "昨天又去了一次，问题还在，请再查一下。", "答复和实际不符，我有新的照片。",
        "店家只当天改了，现在又和以前一样。" }
};

static const struct {
    Shian__Complaint__Ground   ground;
    const char                *text;
} refusals[] = {
    { SHIAN__COMPLAINT__GROUND__not_consumer,
      "双方为供货关系，不属于消费纠纷，可以向法院起诉。" },
    { SHIAN__COMPLAINT__GROUND__not_ours,
      "经审查不属本局管辖，已告知向综合执法部门反映。" },
    { SHIAN__COMPLAINT__GROUND__elsewhere,
      "同一纠纷已由消费者权益保护委员会受理。" },
    { SHIAN__COMPLAINT__GROUND__too_old,
      "消费发生在三年以前，超过法定期限。" },
    { SHIAN__COMPLAINT__GROUND__no_materials,
      "材料经要求仍未补齐，不予受理。补齐后可以重新提出。" }
};


char *
shian_story_write(shian_dice_t *d, shian_write_t what)
{
    /* protobuf-c's strings are not const; nothing writes to them. */
    return (char *) (uintptr_t) PICK(d, written[what]);
}


Shian__Complaint__Ground
shian_story_refuse(shian_dice_t *d, char **text)
{
    uint64_t  i;

    i = shian_dice(d, SHIAN_COUNT(refusals));
    *text = (char *) (uintptr_t) refusals[i].text;

    return refusals[i].ground;
}
