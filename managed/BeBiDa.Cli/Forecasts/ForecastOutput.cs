using System.Globalization;
using System.Text.Json;
using BeBiDa.Forecasting;

namespace BeBiDa.Cli.Forecasts;

/// <summary>A forecast for programs.</summary>
internal sealed record ForecastJson(
    DateTimeOffset From,
    DateTimeOffset Until,
    int Nodes,
    int Jobs,
    double NodeHours,
    double UsedNodeHours,
    double UnavailableNodeHours,
    double IdleNodeHours,
    int Gaps,
    double MedianGapSeconds,
    IReadOnlyList<ForecastPodsJson> Pods
)
{
    public static ForecastJson Of(Forecast forecast) =>
        new(
            forecast.From,
            forecast.Until,
            forecast.Nodes,
            forecast.Jobs,
            Round(forecast.All.TotalHours),
            Round(forecast.Used.TotalHours),
            Round(forecast.Unavailable.TotalHours),
            Round(forecast.Idle.TotalHours),
            forecast.Gaps.Count,
            Round(forecast.Gap(0.5).TotalSeconds),
            [.. forecast.Harvests.Select(h => ForecastPodsJson.Of(h.Model, h.Harvest))]
        );

    internal static double Round(double number) => Math.Round(number, 3);
}

/// <summary>What a forecast says of pods of one length, and of nodes that are kept for one time.</summary>
internal sealed record ForecastPodsJson(
    double PodSeconds,
    double LingerSeconds,
    double LentNodeHours,
    double PodNodeHours,
    double UsefulNodeHours,
    int PodsDone,
    int PodsEnded,
    double WaitedP50Seconds,
    double WaitedP99Seconds,
    double WaitedSeconds
)
{
    public static ForecastPodsJson Of(LendingModel model, Forecasting.Harvest harvest) =>
        new(
            model.PodLength.TotalSeconds,
            model.Linger.TotalSeconds,
            ForecastJson.Round(harvest.Lent.TotalHours),
            ForecastJson.Round(harvest.PodTime.TotalHours),
            ForecastJson.Round(harvest.Useful.TotalHours),
            harvest.PodsDone,
            harvest.PodsEnded,
            ForecastJson.Round(ForecastText.Quantile(harvest.Waits, 0.5).TotalSeconds),
            ForecastJson.Round(ForecastText.Quantile(harvest.Waits, 0.99).TotalSeconds),
            ForecastJson.Round(ForecastText.Sum(harvest.Waits).TotalSeconds)
        );
}

/// <summary>Writes a forecast for programs.</summary>
internal static class ForecastOutput
{
    public static string Json(Forecast forecast) =>
        $"{JsonSerializer.Serialize(ForecastJson.Of(forecast), OutputJson.Default.ForecastJson)}\n";

    /// <summary>A line for each length of pods and each time that nodes are kept; what is the same for all is in each.</summary>
    public static string Csv(Forecast forecast)
    {
        var all = ForecastJson.Of(forecast);
        var columns = new (string Name, Func<ForecastPodsJson, object> Value)[]
        {
            ("from", _ => Time(all.From)),
            ("until", _ => Time(all.Until)),
            ("nodes", _ => all.Nodes),
            ("jobs", _ => all.Jobs),
            ("node_hours", _ => all.NodeHours),
            ("used_node_hours", _ => all.UsedNodeHours),
            ("unavailable_node_hours", _ => all.UnavailableNodeHours),
            ("idle_node_hours", _ => all.IdleNodeHours),
            ("gaps", _ => all.Gaps),
            ("median_gap_seconds", _ => all.MedianGapSeconds),
            ("pod_seconds", pods => pods.PodSeconds),
            ("linger_seconds", pods => pods.LingerSeconds),
            ("lent_node_hours", pods => pods.LentNodeHours),
            ("pod_node_hours", pods => pods.PodNodeHours),
            ("useful_node_hours", pods => pods.UsefulNodeHours),
            ("pods_done", pods => pods.PodsDone),
            ("pods_ended", pods => pods.PodsEnded),
            ("waited_p50_seconds", pods => pods.WaitedP50Seconds),
            ("waited_p99_seconds", pods => pods.WaitedP99Seconds),
            ("waited_seconds", pods => pods.WaitedSeconds),
        };
        var lines = all.Pods.Select(pods =>
            string.Join(',', columns.Select(column => Convert.ToString(column.Value(pods), CultureInfo.InvariantCulture)))
        );
        return string.Concat(lines.Prepend(string.Join(',', columns.Select(column => column.Name))).Select(line => $"{line}\n"));
    }

    private static string Time(DateTimeOffset time) => time.ToString("yyyy-MM-ddTHH:mm:sszzz", CultureInfo.InvariantCulture);
}
