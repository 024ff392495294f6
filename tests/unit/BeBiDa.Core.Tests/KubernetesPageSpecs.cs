using System.Text.RegularExpressions;

namespace BeBiDa.Tests;

/// <summary>docs/kubernetes.md and the rules that it has Prometheus load.</summary>
public partial class KubernetesPageSpecs
{
    private static readonly string Page = File.ReadAllText(Path.Combine(Repository.Root, "docs", "kubernetes.md"));
    private static readonly string Rules = File.ReadAllText(
        Path.Combine(Repository.Root, "packaging", "prometheus", "slurm-nodes.rules.yml")
    );

    [Test]
    public void The_label_that_they_name_is_the_one_that_Nodes_have()
    {
        Assert.That(
            Page,
            Does.Contain($"key: {WellKnownNames.OwnerLabel}, operator: DoesNotExist").And.Contain($"nodes=[{WellKnownNames.OwnerLabel}]")
        );
        // As kube-state-metrics and Prometheus write it.
        var written = WellKnownNames.OwnerLabel.Replace('.', '_').Replace('/', '_');
        Assert.That(Page, Does.Contain($"__meta_kubernetes_node_label_{written}"));
        Assert.That(Rules, Does.Contain($"label_{written}=\"{WellKnownNames.OwnerSlurm}\""));
    }

    [Test]
    public void Each_alert_that_keeps_others_quiet_is_one_of_the_rules() =>
        Assert.That(
            Sources().Matches(Page).Select(match => match.Groups[1].Value),
            Is.EqualTo(Alerts().Matches(Rules).Select(match => match.Groups[1].Value)).And.Not.Empty
        );

    [GeneratedRegex("source_matchers: \\['alertname = \"(\\w+)\"'\\]")]
    private static partial Regex Sources();

    [GeneratedRegex(@"- alert: (\w+)")]
    private static partial Regex Alerts();
}
