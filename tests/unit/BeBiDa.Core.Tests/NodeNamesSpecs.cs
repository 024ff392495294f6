using BeBiDa.Cluster;
using BeBiDa.Configuration;
using BeBiDa.Jobs;

namespace BeBiDa.Tests;

public class NodeNamesSpecs
{
    [Test]
    public void Both_sides_call_a_node_the_same_unless_told_otherwise() =>
        AssertIs("n1", new ClusterNode("n1", "u"), new NodesConfiguration());

    [Test]
    public void A_template_makes_the_name() =>
        AssertIs("n1", new ClusterNode("n1.example.org", "u"), new NodesConfiguration { Template = "{node}.example.org" });

    [Test]
    public void A_label_says_the_name() =>
        AssertIs("n1", new ClusterNode("ip-10-0-0-1", "u", "n1"), new NodesConfiguration { Label = "example.org/slurm" });

    [TestCase("N1", "n1", "{node}", "", "")]
    [TestCase("Node-A", "node-a.example.org", "{node}.Example.org", "", "")]
    [TestCase("N1", "ip-10-0-0-1", "{node}", "N1", "")]
    [TestCase("N1", "ip-10-0-0-1", "{node}", "n1", "")]
    [TestCase("N1", "special", "{node}", "", "Special")]
    public void Capitals_in_Slurms_names_matter_nowhere_in_Kubernetes(
        string slurmName,
        string name,
        string template,
        string label,
        string mapped
    )
    {
        var nodes = new NodesConfiguration
        {
            Template = template,
            Map = mapped.Length > 0 ? new Dictionary<string, string> { [slurmName] = mapped } : new Dictionary<string, string>(),
        };
        var node = new ClusterNode(name, "u", label.Length > 0 ? label : null);
        var names = new NodeNames(nodes);
        Assert.That(names.Find(slurmName, Directory(node)), Is.EqualTo(node));
        Assert.That(names.SlurmNameOf(node), Is.EqualTo(slurmName).IgnoreCase);
        var policy = new JobPolicy(new JobsConfiguration(), nodes with { Include = [slurmName[..2] + "*"] });
        Assert.That((policy.Counts(slurmName), policy.Counts(names.SlurmNameOf(node))), Is.EqualTo((true, true)));
    }

    [Test]
    public void A_map_goes_before_label_and_template()
    {
        var nodes = new NodesConfiguration
        {
            Map = new Dictionary<string, string> { ["n1"] = "special" },
            Label = "l",
        };
        var directory = Directory(new ClusterNode("special", "1"), new ClusterNode("labelled", "2", "n1"), new ClusterNode("n1", "3"));
        Assert.That(new NodeNames(nodes).Find("n1", directory)!.Name, Is.EqualTo("special"));
    }

    [Test]
    public void A_mapped_node_that_is_not_there_is_not_taken_for_another()
    {
        var nodes = new NodesConfiguration { Map = new Dictionary<string, string> { ["n1"] = "special" } };
        Assert.That(new NodeNames(nodes).Find("n1", Directory(new ClusterNode("n1", "3"))), Is.Null);
    }

    [Test]
    public void A_node_that_is_registered_anew_with_another_label_is_found_by_that_only()
    {
        var directory = Directory(new ClusterNode("k", "1", "n1"));
        directory.Put(new ClusterNode("k", "2", "n2"));
        Assert.That(directory.BySlurmName("n1"), Is.Null);
        Assert.That(directory.BySlurmName("n2")!.Uid, Is.EqualTo("2"));
        directory.Replace([]);
        Assert.That(directory.BySlurmName("n2"), Is.Null);
        Assert.That(directory.Count, Is.Zero);
    }

    private static void AssertIs(string slurmName, ClusterNode node, NodesConfiguration nodes)
    {
        var names = new NodeNames(nodes);
        Assert.That(names.Find(slurmName, Directory(node)), Is.EqualTo(node));
        Assert.That(names.SlurmNameOf(node), Is.EqualTo(slurmName));
        Assert.That(names.Find("other", Directory(node)), Is.Null);
    }

    private static NodeDirectory Directory(params ClusterNode[] nodes)
    {
        var directory = new NodeDirectory();
        directory.Replace(nodes);
        return directory;
    }
}
