using BeBiDa.Demo;
using BeBiDa.EmbeddedApi;
using BeBiDa.Lab;
using BeBiDa.Site;

// The story: an application on all nodes, a job that takes two, the nodes' return, and what scripts take beside it.
var api = args switch
{
    [] => TestServers.All.Last(),
    ["--api", "embedded"] => ApiServerKind.Embedded,
    ["--api", "real"] => ApiServerKind.Real,
    _ => throw new LabException("usage: demo.sh [--api embedded|real]"),
};
try
{
    var narrator = new Narrator();
    var claims = new Claims();
    await using (var site = await Site.StartAsync(new SiteOptions { Api = api, HandOver = HandOverBy.Plugin, Configuration = "eviction:\n  gracePeriod: 3s\n" }))
        await new Story(site, narrator, claims).TellAsync();
    await Comparison.RunAsync(api, narrator, claims);
    return claims.Print();
}
catch (Exception e) when (e is LabException or TimeoutException or DirectoryNotFoundException or FileNotFoundException)
{
    Console.Error.WriteLine($"demo: {e.Message}");
    return 1;
}
