using System.CommandLine;
using BeBiDa.Footprint;
using BeBiDa.Lab;

var jobs = new Option<int>("--jobs") { Description = "Short jobs with the plugin", DefaultValueFactory = _ => 10_000 };
var baseline = new Option<int?>("--baseline") { Description = "Short jobs without it, to compare with; as many unless given" };
var wide = new Option<int>("--wide-jobs") { Description = "Jobs that take all of --far-nodes", DefaultValueFactory = _ => 500 };
var far = new Option<int>("--far-nodes") { Description = "Nodes that only slurmctld believes in", DefaultValueFactory = _ => 1000 };
var looks = new Option<int?>("--looks") { Description = "Only what looks at the states of so many nodes cost; nothing is claimed of that" };
var plans = new Option<int?>("--plans")
{
    Description = "Only what reading the plans of so many pending jobs costs; nothing is claimed of that",
};
var command = new RootCommand("Measures what the plugin costs slurmctld, and exits with 0 only if that is what is claimed.")
{
    jobs,
    baseline,
    wide,
    far,
    looks,
    plans,
};
command.SetAction(async arguments =>
{
    try
    {
        if (arguments.GetValue(looks) is { } nodes)
        {
            await new Looks(nodes).RunAsync(Console.Out);
            return 0;
        }
        if (arguments.GetValue(plans) is { } pending)
        {
            await new Plans(pending, Nodes: 5000).RunAsync(Console.Out);
            return 0;
        }
        var count = arguments.GetValue(jobs);
        var measurement = new Measurement(count, arguments.GetValue(baseline) ?? count, arguments.GetValue(wide), arguments.GetValue(far));
        return await measurement.RunAsync(Console.Out) ? 0 : 1;
    }
    catch (Exception e) when (e is LabException or TimeoutException)
    {
        Console.Error.WriteLine($"guest: {e.Message}");
        return 2;
    }
});
return await command.Parse(args).InvokeAsync();
