using System.Text;
using BeBiDa.Accounts;
using BeBiDa.Cli.Timelines;

namespace BeBiDa.Cli.Reports;

/// <summary>A report as an HTML page: the figure that matters, the picture, the table, and what the words mean.</summary>
internal static class ReportPage
{
    public static string Of(Account account, TimeZoneInfo zone)
    {
        var biggest = account.Total.Total;
        var key = ReportFigures.KeyOf(account.By);
        var uses = ReportFigures.ShownOf(account).ToList();
        var rows = new StringBuilder();
        foreach (var row in account.Rows)
            rows.Append("<tr><td>").Append(TimelinePicture.Text(row.Key)).Append("</td>").Append(Cells(row.Tally)).Append("</tr>\n");
        var partitions = account.By == Grouping.Partition ? "<p>A node of two partitions is in both.</p>\n" : "";
        return HtmlPage.Of(
            "What the nodes were used for",
            $$"""
            <h1>{{TimelinePicture.Text(ReportFigures.Sentence(account))}}</h1>
            {{new ReportPicture(account, zone).Draw()}}
            <p>{{TimelinePicture.Text(ReportFigures.Pods(account))}}</p>
            <p>{{TimelinePicture.Text(ReportFigures.Waits(account))}}</p>
            <table>
            <thead><tr><th>{{char.ToUpperInvariant(key[0])}}{{key[1..]}}</th>{{string.Concat(
                uses.Select(u => $"<th>{u.Name}</th>")
            )}}<th>total</th></tr></thead>
            <tbody>
            {{rows}}</tbody>
            <tfoot><tr><td>all</td>{{Cells(account.Total)}}</tr></tfoot>
            </table>
            {{partitions}}<dl>
            {{string.Concat(uses.Select(u => $"<dt>{u.Name}</dt><dd>{u.Meaning}</dd>\n"))}}</dl>
            """,
            """
            table{margin-bottom:24px}
            th,td{text-align:right;padding:4px 0 4px 22px}
            th:first-child,td:first-child{text-align:left;padding-left:0}
            tfoot td{font-weight:600}
            dt{float:left;clear:left;width:130px}
            dd{margin:0 0 4px 140px}
            """
        );

        string Cells(Tally tally) =>
            string.Concat(uses.Select(u => $"<td>{ReportFigures.Hours(tally[u.Use], biggest)}</td>"))
            + $"<td>{ReportFigures.Hours(tally.Total, biggest)}</td>";
    }
}
