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
        var rows = new StringBuilder();
        foreach (var row in account.Rows)
            rows.Append("<tr><td>")
                .Append(TimelinePicture.Text(row.Key))
                .Append("</td>")
                .Append(Cells(row.Tally, biggest))
                .Append("</tr>\n");
        var partitions = account.By == Grouping.Partition ? "<p>A node of two partitions is in both.</p>\n" : "";
        return $$"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <title>What the nodes were used for</title>
            <style>
            body{margin:0 auto;max-width:1200px;font:14px/1.45 system-ui,"Segoe UI","DejaVu Sans",sans-serif;background:#fff;color:#1c2430}
            h1,p,dl{margin:16px 28px}
            h1{margin-top:36px;font-size:26px;line-height:1.3;font-weight:650}
            svg{width:100%;height:auto;display:block}
            table{border-collapse:collapse;margin:8px 28px 24px;font-variant-numeric:tabular-nums}
            th,td{text-align:right;padding:4px 0 4px 22px;border-bottom:1px solid #d5dbe3}
            th:first-child,td:first-child{text-align:left;padding-left:0}
            th,dt{color:#5a6675;font-weight:600}
            tfoot td{font-weight:600}
            dt{float:left;clear:left;width:130px}
            dd{margin:0 0 4px 140px}
            @media (prefers-color-scheme:dark){
            body{background:#12171f;color:#e8edf4}
            th,td{border-color:#2c3644}
            th,dt{color:#9aa7b8}
            }
            </style>
            </head>
            <body>
            <h1>{{TimelinePicture.Text(ReportFigures.Sentence(account))}}</h1>
            {{new ReportPicture(account, zone).Draw()}}
            <p>{{TimelinePicture.Text(ReportFigures.Pods(account))}}</p>
            <p>{{TimelinePicture.Text(ReportFigures.Waits(account))}}</p>
            <table>
            <thead><tr><th>{{char.ToUpperInvariant(key[0])}}{{key[1..]}}</th>{{string.Concat(
                ReportFigures.Uses.Select(u => $"<th>{u.Name}</th>")
            )}}<th>total</th></tr></thead>
            <tbody>
            {{rows}}</tbody>
            <tfoot><tr><td>all</td>{{Cells(account.Total, biggest)}}</tr></tfoot>
            </table>
            {{partitions}}<dl>
            {{string.Concat(ReportFigures.Uses.Select(u => $"<dt>{u.Name}</dt><dd>{u.Meaning}</dd>\n"))}}</dl>
            </body>
            </html>

            """;
    }

    private static string Cells(Tally tally, double biggest) =>
        string.Concat(ReportFigures.Uses.Select(u => $"<td>{ReportFigures.Hours(tally[u.Use], biggest)}</td>"))
        + $"<td>{ReportFigures.Hours(tally.Total, biggest)}</td>";
}
