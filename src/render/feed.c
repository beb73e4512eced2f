#include "feed.h"

#include "core/calendar.h"


static void
put_element(const char *name, shian_str_t s, shian_sink_t *sink)
{
    shian_putf(sink, "<%s>", name);
    shian_xml_text(s, sink);
    shian_putf(sink, "</%s>\n", name);
}


static void
put_link(const char *rel, shian_str_t href, shian_sink_t *sink)
{
    shian_putf(sink, "<link rel=\"%s\" href=\"", rel);
    shian_xml_text(href, sink);
    shian_putz(sink, "\"/>\n");
}


/* What a feed and an entry have in common (RFC 4287 4.1.1 and 4.1.2). */
static void
put_common(const shian_atom_t *a, shian_sink_t *sink)
{
    char  time[21];

    shian_time_format(a->updated, time);
    put_element("id", a->id, sink);
    put_element("title", a->title, sink);
    put_element("updated", shian_str(time), sink);

    if (a->author.n != 0) {
        shian_putz(sink, "<author>");
        put_element("name", a->author, sink);
        shian_putz(sink, "</author>\n");
    }

    if (a->href.n != 0) {
        put_link("alternate", a->href, sink);
    }
}


void
shian_atom_head(const shian_atom_t *feed, shian_sink_t *sink)
{
    shian_putf(sink, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
               "<feed xmlns=\"http://www.w3.org/2005/Atom\" "
               "xml:lang=\"%s\">\n", feed->lang);
    put_common(feed, sink);

    if (feed->self.n != 0) {
        put_link("self", feed->self, sink);
    }
}


void
shian_atom_entry(const shian_atom_t *entry, shian_sink_t *sink)
{
    char  time[21];

    shian_putz(sink, "<entry>\n");
    put_common(entry, sink);

    if (entry->published != 0) {
        shian_time_format(entry->published, time);
        put_element("published", shian_str(time), sink);
    }

    if (entry->summary.n != 0) {
        put_element("summary", entry->summary, sink);
    }

    shian_putz(sink, "</entry>\n");
}


void
shian_atom_tail(shian_sink_t *sink)
{
    shian_putz(sink, "</feed>\n");
}
