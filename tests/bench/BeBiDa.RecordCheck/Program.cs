using System.Globalization;
using BeBiDa.RecordCheck;

if (
    args is not ([] or [_])
    || !double.TryParse(args.FirstOrDefault("60"), NumberStyles.Float, CultureInfo.InvariantCulture, out var minutes)
    || minutes < 2
)
{
    await Console.Error.WriteLineAsync("usage: report.sh [MINUTES], at least 2");
    return 2;
}
return await Comparison.RunAsync(TimeSpan.FromMinutes(minutes)) ? 0 : 1;
